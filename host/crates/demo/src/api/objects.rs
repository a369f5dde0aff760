//! Requests for objects and collections: which of the other modules answers.

use super::{
    Api, Call,
    delete::{self, Options},
    json_answer, logs,
    patch::PatchType,
    problem::Problem,
    read::{self, Ask},
    reviews,
    route::Target,
    scale::{Change, rescale, scale_of},
    select::Selector,
    store::Key,
    table::Form,
    watch,
    write::{Part, Patch, create, patch, update},
};
use crate::{
    query::first,
    serve::{Body, answer},
};
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use serde_json::Value;
use std::sync::Arc;

/// Answers a request for `target`.
pub(super) fn respond(
    api: Arc<Api>,
    target: Target,
    call: &Call,
) -> Result<Response<Body>, Problem> {
    let form = form_of(call)?;
    if target.resource.transient {
        return review(&target, call);
    }
    match (&target.name, &target.subresource) {
        (None, _) => collection(api, target, form, call),
        (Some(_), None) => object(api, target, form, call),
        (Some(_), Some(_)) => subresource(&api, &target, form, call),
    }
}

impl Call {
    fn flag(&self, name: &str) -> bool {
        first(&self.query, name).is_some_and(|it| !matches!(it, "0" | "false"))
    }

    fn dry_run(&self) -> Result<bool, Problem> {
        match first(&self.query, "dryRun") {
            None | Some("") => Ok(false),
            Some("All") => Ok(true),
            Some(other) => Err(Problem::bad_request(format!(
                "dryRun {other:?} is not supported: the only value is All"
            ))),
        }
    }

    fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// The body as JSON; null when there is none.
    fn json(&self) -> Result<Value, Problem> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Problem::bad_request(format!("the body is no JSON: {error}")))
    }

    /// The body of a POST or PUT, which has to be JSON and says so.
    fn object(&self) -> Result<Value, Problem> {
        let content_type = self.content_type.as_deref().unwrap_or("application/json");
        let plain = content_type.split(';').next().unwrap_or_default().trim();
        if plain != "application/json" && !(plain.is_empty() || plain == "*/*") {
            return Err(Problem::unsupported(content_type));
        }
        self.json()
    }

    fn patch_type(&self) -> Result<PatchType, Problem> {
        let content_type = self.content_type.as_deref().unwrap_or_default();
        PatchType::of(content_type).ok_or_else(|| Problem::unsupported(content_type))
    }
}

fn form_of(call: &Call) -> Result<Form, Problem> {
    // Logs are text: kubectl asks for them with any Accept.
    let negotiated = Form::negotiate(call.accept.as_deref(), first(&call.query, "includeObject"));
    negotiated.ok_or_else(|| {
        Problem::new(
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json",
        )
    })
}

fn collection(
    api: Arc<Api>,
    target: Target,
    form: Form,
    call: &Call,
) -> Result<Response<Body>, Problem> {
    let resource = target.resource;
    let namespace = target.namespace.clone().unwrap_or_default();
    let selector = || {
        let text = |name: &str| first(&call.query, name).unwrap_or_default();
        Selector::parse(resource, text("labelSelector"), text("fieldSelector"))
    };
    match call.method {
        Method::GET | Method::HEAD => {
            let ask = Ask {
                resource,
                namespace: target.namespace,
                selector: selector()?,
                form,
            };
            if call.flag("watch") {
                follow(api, ask, call)
            } else {
                Ok(json_answer(
                    StatusCode::OK,
                    &read::list(&api.store.lock(), &ask, &call.query)?,
                ))
            }
        }
        Method::POST if resource.namespaced && target.namespace.is_none() => {
            Err(Problem::method_not_allowed())
        }
        Method::POST => {
            let created = create(
                &mut api.store.lock(),
                resource,
                &namespace,
                call.object()?,
                call.dry_run()?,
            )?;
            Ok(json_answer(
                StatusCode::CREATED,
                &form.one(resource, &created, true),
            ))
        }
        Method::DELETE => {
            let options = Options::read(&call.object()?, &call.query)?;
            let mut store = api.store.lock();
            let deleted = delete::delete_collection(
                &mut store,
                resource,
                target.namespace.as_deref(),
                &selector()?,
                &options,
            )?;
            let metadata = serde_json::json!({"resourceVersion": store.revision().to_string()});
            Ok(json_answer(
                StatusCode::OK,
                &form.list(resource, metadata, deleted.iter()),
            ))
        }
        _ => Err(Problem::method_not_allowed()),
    }
}

fn follow(api: Arc<Api>, ask: Ask, call: &Call) -> Result<Response<Body>, Problem> {
    let body = watch::watch(api, ask, &call.query)?;
    // The media type tells clients that rows come as tables.
    let mut response = answer(StatusCode::OK, "application/json", bytes::Bytes::new());
    *response.body_mut() = if call.method == Method::HEAD {
        Empty::new().boxed_unsync()
    } else {
        body
    };
    Ok(response)
}

fn object(
    api: Arc<Api>,
    target: Target,
    form: Form,
    call: &Call,
) -> Result<Response<Body>, Problem> {
    let resource = target.resource;
    let key = key_of(&target);
    match call.method {
        Method::GET | Method::HEAD if call.flag("watch") => {
            let selector = Selector::parse(resource, "", &format!("metadata.name={}", key.name))?;
            follow(
                api,
                Ask {
                    resource,
                    namespace: target.namespace,
                    selector,
                    form,
                },
                call,
            )
        }
        Method::GET | Method::HEAD => {
            let store = api.store.lock();
            let found = store
                .get(&key)
                .ok_or_else(|| Problem::not_found(resource, &key.name))?;
            Ok(json_answer(
                StatusCode::OK,
                &form.one(resource, &found.value, true),
            ))
        }
        Method::PUT => {
            let updated = update(
                &mut api.store.lock(),
                resource,
                &key,
                call.object()?,
                Part::Whole,
                call.dry_run()?,
            )?;
            Ok(json_answer(
                StatusCode::OK,
                &form.one(resource, &updated, true),
            ))
        }
        Method::PATCH => patched(&api, &target, form, call, Part::Whole),
        Method::DELETE => {
            let mut options = Options::read(&call.object()?, &call.query)?;
            if call.body.is_empty() {
                options.dry_run = call.dry_run()?;
            }
            let gone = delete::delete(&mut api.store.lock(), resource, &key, &options)?;
            Ok(json_answer(StatusCode::OK, &gone))
        }
        _ => Err(Problem::method_not_allowed()),
    }
}

fn patched(
    api: &Api,
    target: &Target,
    form: Form,
    call: &Call,
    part: Part,
) -> Result<Response<Body>, Problem> {
    let asked = Patch {
        kind: call.patch_type()?,
        body: &call.json()?,
        manager: first(&call.query, "fieldManager"),
        force: call.flag("force"),
        part,
    };
    let (object, created) = patch(
        &mut api.store.lock(),
        target.resource,
        &key_of(target),
        &asked,
        call.dry_run()?,
    )?;
    let status = if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(json_answer(
        status,
        &form.one(target.resource, &object, true),
    ))
}

fn subresource(
    api: &Arc<Api>,
    target: &Target,
    form: Form,
    call: &Call,
) -> Result<Response<Body>, Problem> {
    let (resource, key) = (target.resource, key_of(target));
    let name = target.subresource.as_deref().unwrap_or_default();
    let served = resource.subresources().iter().any(|(it, ..)| *it == name)
        || (resource.plural, name) == ("namespaces", "finalize");
    if !served {
        return Err(Problem::no_route());
    }
    let live = || {
        api.store
            .lock()
            .get(&key)
            .map(|it| it.value.clone())
            .ok_or_else(|| Problem::not_found(resource, &key.name))
    };
    match (name, &call.method) {
        ("status", _) if call.is_read() => Ok(json_answer(
            StatusCode::OK,
            &form.one(resource, &live()?, true),
        )),
        ("status", &Method::PUT) => {
            let updated = update(
                &mut api.store.lock(),
                resource,
                &key,
                call.object()?,
                Part::Status,
                call.dry_run()?,
            )?;
            Ok(json_answer(StatusCode::OK, &updated))
        }
        ("status", &Method::PATCH) => patched(api, target, form, call, Part::Status),
        ("scale", _) if call.is_read() => Ok(json_answer(StatusCode::OK, &scale_of(&live()?))),
        ("scale", &Method::PUT | &Method::PATCH) => {
            let body = if call.method == Method::PUT {
                call.object()?
            } else {
                call.json()?
            };
            let change = if call.method == Method::PUT {
                Change::Replace(&body)
            } else {
                Change::Patch(call.patch_type()?, &body)
            };
            let scale = rescale(
                &mut api.store.lock(),
                resource,
                &key,
                &change,
                call.dry_run()?,
            )?;
            Ok(json_answer(StatusCode::OK, &scale))
        }
        ("finalize", &Method::PUT) => {
            let updated = update(
                &mut api.store.lock(),
                resource,
                &key,
                call.object()?,
                Part::Whole,
                call.dry_run()?,
            )?;
            Ok(json_answer(StatusCode::OK, &updated))
        }
        ("log", _) if call.is_read() => {
            let mut response = answer(StatusCode::OK, "text/plain", bytes::Bytes::new());
            *response.body_mut() = logs::logs(api, key, &call.query)?;
            Ok(response)
        }
        ("eviction", &Method::POST) => {
            let evicted = delete::evict(&mut api.store.lock(), &key, &call.object()?)?;
            Ok(json_answer(StatusCode::CREATED, &evicted))
        }
        ("exec" | "attach" | "portforward", &Method::GET | &Method::POST) => {
            live()?;
            Err(Problem::not_implemented(match name {
                "exec" => "runs no containers, so there is nothing to run commands in",
                "attach" => "runs no containers, so there is nothing to attach to",
                _ => "runs no containers, so there is nothing to forward ports to",
            }))
        }
        ("token", &Method::POST) => {
            live()?;
            Err(Problem::not_implemented("issues no tokens"))
        }
        _ => Err(Problem::method_not_allowed()),
    }
}

fn review(target: &Target, call: &Call) -> Result<Response<Body>, Problem> {
    if call.method != Method::POST || target.name.is_some() {
        return Err(Problem::method_not_allowed());
    }
    let review = reviews::answer(target.resource, &call.user, call.object()?);
    Ok(json_answer(StatusCode::CREATED, &review))
}

fn key_of(target: &Target) -> Key {
    Key::new(
        target.resource,
        target.namespace.as_deref().unwrap_or_default(),
        target.name.as_deref().unwrap_or_default(),
    )
}

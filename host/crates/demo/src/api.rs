//! The API server's front: who asks, what for, which answer.

mod admit;
mod apply;
mod controller;
mod defaults;
mod delete;
mod discovery;
mod logs;
mod objects;
mod openapi;
mod patch;
mod problem;
mod read;
mod resources;
mod reviews;
mod route;
mod scale;
mod seed;
mod select;
mod store;
mod table;
mod watch;
pub(crate) mod witness;
mod write;

use crate::{
    StageError,
    query::parse,
    serve::{Body, BodyError, Handler, answer, read_body},
};
use aws_lc_rs::constant_time;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use parking_lot::Mutex;
use problem::Problem;
use reviews::User;
use route::Route;
use serde_json::{Value, json};
use std::sync::Arc;
use store::Store;

/// What the demo says it is. The suffix keeps anybody from taking it for the real one.
pub(crate) const VERSION: &str = "v1.37.1+portcullis.demo";
/// As in a real API server.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// The API server.
pub(crate) struct Api {
    token: String,
    store: Mutex<Store>,
    /// What reached it.
    pub(crate) witness: witness::Witness,
}

/// A request whose sender is known.
pub(crate) struct Call {
    method: Method,
    query: Vec<(String, String)>,
    accept: Option<String>,
    content_type: Option<String>,
    user: User,
    body: bytes::Bytes,
}

impl Api {
    pub(crate) fn new(token: String, story: bool) -> Result<Self, StageError> {
        let mut store = Store::default();
        seed::seed(&mut store, story).map_err(|problem| StageError::Seed(problem.message))?;
        Ok(Self {
            token,
            store: Mutex::new(store),
            witness: witness::Witness::default(),
        })
    }

    fn knows(&self, authorization: Option<&str>) -> bool {
        let sent = authorization
            .and_then(|it| it.strip_prefix("Bearer "))
            .unwrap_or_default();
        constant_time::verify_slices_are_equal(sent.as_bytes(), self.token.as_bytes()).is_ok()
    }

    async fn respond(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Problem> {
        let (head, body) = request.into_parts();
        let text = |name: header::HeaderName| witness::text(&head.headers, name.as_str());
        let authenticated = self.knows(text(header::AUTHORIZATION).as_deref());
        self.witness.note(&head, authenticated);
        let route = route::route(head.uri.path());
        if !authenticated && !matches!(route, Some(Route::Health | Route::Version)) {
            return Err(Problem::new(401, "Unauthorized", "Unauthorized"));
        }
        let route = route.ok_or_else(Problem::no_route)?;
        let body = read_body(body, MAX_BODY)
            .await
            .map_err(|error| match error {
                BodyError::TooLarge => {
                    Problem::new(413, "RequestEntityTooLarge", "limit is 3145728")
                }
                BodyError::Broken => Problem::bad_request("the body was cut off"),
            })?;
        let call = Call {
            query: parse(head.uri.query().unwrap_or_default()),
            accept: text(header::ACCEPT),
            content_type: text(header::CONTENT_TYPE),
            user: user(&head.headers),
            method: head.method,
            body,
        };
        match route {
            Route::Resource(target) => objects::respond(self, target, &call),
            _ if call.method != Method::GET && call.method != Method::HEAD => {
                Err(Problem::method_not_allowed())
            }
            route => document(&route, &call),
        }
    }
}

impl Handler for Api {
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let mut response = self.respond(request).await.unwrap_or_else(|problem| {
            let status =
                StatusCode::from_u16(problem.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            json_answer(status, &problem.status())
        });
        if response.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"portcullis-demo\""),
            );
        }
        response.headers_mut().insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, private"),
        );
        response
    }
}

/// The caller: the cluster's user, or whom it impersonates.
fn user(headers: &http::HeaderMap) -> User {
    match witness::text(headers, "impersonate-user") {
        Some(name) => {
            let mut groups = witness::all(headers, "impersonate-group");
            groups.push("system:authenticated".to_owned());
            User { name, groups }
        }
        None => User {
            name: "demo-admin".to_owned(),
            groups: vec![
                "system:masters".to_owned(),
                "system:authenticated".to_owned(),
            ],
        },
    }
}

/// Everything that is no object.
fn document(route: &Route, call: &Call) -> Result<Response<Body>, Problem> {
    let aggregated = discovery::wants_aggregated(call.accept.as_deref());
    let value = match route {
        Route::Health => return Ok(answer(StatusCode::OK, "text/plain; charset=utf-8", "ok")),
        Route::Version => version(),
        Route::Core | Route::Groups if aggregated => {
            let document = discovery::aggregated(matches!(route, Route::Core));
            return Ok(answer(
                StatusCode::OK,
                discovery::AGGREGATED,
                document.to_string(),
            ));
        }
        Route::Core => discovery::core_versions(),
        Route::Groups => discovery::group_list(),
        Route::Group(name) => discovery::group(name).ok_or_else(Problem::no_route)?,
        Route::GroupVersion(group, version) => {
            discovery::resource_list(group, version).ok_or_else(Problem::no_route)?
        }
        Route::OpenApi(path) => return openapi_document(path, call),
        Route::Resource(_) => return Err(Problem::no_route()),
    };
    Ok(json_answer(StatusCode::OK, &value))
}

fn openapi_document(path: &str, call: &Call) -> Result<Response<Body>, Problem> {
    let value = match path {
        // kubectl takes the second version as protobuf only.
        "v2" if call
            .accept
            .as_deref()
            .is_some_and(|it| it.contains("openapi.v2@v1.0+protobuf")) =>
        {
            let content_type = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
            return Ok(answer(StatusCode::OK, content_type, openapi::v2_protobuf()));
        }
        "v2" => openapi::v2_json(),
        "v3" => openapi::root(),
        _ => path
            .strip_prefix("v3/")
            .and_then(openapi::document)
            .ok_or_else(Problem::no_route)?,
    };
    Ok(json_answer(StatusCode::OK, &value))
}

fn version() -> Value {
    json!({"major": "1", "minor": "37", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": "linux/amd64"})
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Body> {
    answer(status, "application/json", value.to_string())
}

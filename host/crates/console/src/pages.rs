//! The pages: what waits for an answer, one approval, and how it ended.

use approvals::{Approval, State as ApprovalState};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use store::ApprovalFilter;

use crate::Shared;
use crate::answer::{Refused, unavailable};
use crate::api::approvals::{decided, may_see, visible};
use crate::who::{Visitor, Who};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    back: &'a str,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    me: &'a str,
    waiting: &'a [Approval],
    recent: &'a [Approval],
}

#[derive(Template)]
#[template(path = "approval.html")]
struct ApprovalPage<'a> {
    me: &'a str,
    approval: &'a Approval,
    created: String,
    expires: String,
    /// Why this person cannot answer it, when they cannot.
    cannot: Option<String>,
    form_word: &'a str,
    said: Option<String>,
}

/// A whole page, with the headers that keep it from being framed, cached or scripted.
fn page(status: StatusCode, template: &impl Template) -> Response {
    let mut response = match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => return unavailable(&error).into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A link, not a form: the policy that keeps forms on this host would keep the browser from the issuer's.
fn login(back: &str) -> Response {
    let plain = back.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'/' || b == b'-');
    page(StatusCode::UNAUTHORIZED, &LoginPage { back: if plain { back } else { "/" } })
}

/// What waits, and what was decided lately.
pub async fn home(State(shared): State<Shared>, visitor: Result<Visitor, Refused>) -> Response {
    let Ok(Visitor(who)) = visitor else { return login("/") };
    let mut all = match shared.gateway.approvals.list(&ApprovalFilter { limit: 200, ..Default::default() }).await {
        Ok(all) => all,
        Err(error) => return unavailable(&error).into_response(),
    };
    all.retain(|approval| may_see(&who, approval));
    let (waiting, mut recent): (Vec<_>, Vec<_>) = all.into_iter().partition(|a| a.state == ApprovalState::Pending);
    recent.truncate(20);
    page(StatusCode::OK, &HomePage { me: &who.identity.subject, waiting: &waiting, recent: &recent })
}

/// One approval, with its buttons when this person may press them.
pub async fn approval(State(shared): State<Shared>, visitor: Result<Visitor, Refused>, Path(id): Path<String>) -> Response {
    let Ok(Visitor(who)) = visitor else { return login(&format!("/approvals/{id}")) };
    shown(&shared, &who, &id, None, StatusCode::OK).await
}

async fn shown(shared: &Shared, who: &Who, id: &str, said: Option<String>, status: StatusCode) -> Response {
    let approval = match visible(shared, who, id).await {
        Ok(approval) => approval,
        Err(refused) => return refused.into_response(),
    };
    let cannot = approvals::state::may_decide(&approval, &proxy::gateway::person(&who.identity)).err().map(|why| why.to_string());
    let form_word = who.page.as_ref().map_or("", |login| &*login.form_word);
    page(
        status,
        &ApprovalPage {
            me: &who.identity.subject,
            created: store::rfc3339(approval.created),
            expires: store::rfc3339(approval.expires),
            approval: &approval,
            cannot,
            form_word,
            said,
        },
    )
}

#[derive(Deserialize)]
pub struct Decision {
    word: String,
    answer: String,
    #[serde(default)]
    comment: String,
}

/// The buttons.
pub async fn decide(
    State(shared): State<Shared>,
    visitor: Result<Visitor, Refused>,
    Path(id): Path<String>,
    Form(decision): Form<Decision>,
) -> Response {
    let Ok(Visitor(who)) = visitor else { return login(&format!("/approvals/{id}")) };
    let genuine = who.page.as_ref().is_some_and(|login| *login.form_word == *decision.word);
    let yes = match decision.answer.as_str() {
        "approve" => true,
        "deny" => false,
        _ => return crate::answer::malformed("answer", "press one of the two buttons").into_response(),
    };
    if !genuine {
        let said = Some("This form was not made for your login; look at it again, then answer.".to_owned());
        return shown(&shared, &who, &id, said, StatusCode::FORBIDDEN).await;
    }
    match decided(&shared, &who, &id, yes, Some(decision.comment)).await {
        Ok(_) => Redirect::to(&format!("/approvals/{id}")).into_response(),
        Err(refused) => shown(&shared, &who, &id, Some(refused.0.message), StatusCode::FORBIDDEN).await,
    }
}

//! Whether what came is what has to come, and the sentence that says so.

use std::fmt::Debug;

use base64::Engine as _;
use serde_json::Value;

use super::came::{Answered, CameRoute, Sent};
use super::file::{Expect, ExpectedDelivery, ExpectedRoute, ExpectedSending, ExpectedSession, ExpectedVerdict, ExpectedWaiting, NotDelivered};
use crate::generation::Decision;

/// What any token of a masked value is written as.
const ANY_TOKEN: &str = "masked:*";

/// Nothing when everything that is given has come.
pub(super) fn differs(expect: &Expect, answered: &Answered) -> Option<String> {
    let came = &answered.came;
    verdict(expect, answered)
        .or_else(|| expect.route.as_ref().and_then(|expected| route(expected, came.route.as_ref())))
        .or_else(|| {
            let expected = expect.plan.as_ref()?;
            let got = came.plan.clone().unwrap_or_default();
            (*expected != got).then(|| format!("expected a plan with the rules {expected:?}, got {got:?}"))
        })
        .or_else(|| {
            let expected = expect.masked.as_ref()?;
            match &came.masked {
                None => Some("expected a masked object, but the case has no `object`".to_owned()),
                Some(got) => masked(expected, got, "").map(|why| format!("the masked object differs {why}")),
            }
        })
        .or_else(|| session(expect, answered))
        .or_else(|| expect.delivered.and_then(|expected| delivered(expected, came.delivered.as_ref())))
        .or_else(|| sent(expect.sent.as_ref()?, came.sent.as_deref().unwrap_or_default()))
        .or_else(|| text(expect, answered))
}

fn verdict(expect: &Expect, answered: &Answered) -> Option<String> {
    let expected = match expect.verdict? {
        ExpectedVerdict::Allow => Decision::Allow,
        ExpectedVerdict::RequireApproval => Decision::RequireApproval,
        ExpectedVerdict::Deny => Decision::Deny,
        ExpectedVerdict::NoOpinion => Decision::NoOpinion,
    };
    let got = answered.came.verdict.unwrap_or(Decision::NoOpinion);
    let is_it = |given: &Option<String>, value: Option<&str>| given.as_deref().is_none_or(|given| value == Some(given));
    let behind = answered.by.iter().filter(|by| by.verdict == expected).map(|by| (&*by.plugin, by.rule.as_deref()));
    let findings = answered.findings.iter().map(|(plugin, finding)| (plugin.as_str(), Some(finding.rule.as_str())));
    let named = behind.chain(findings).any(|(plugin, rule)| is_it(&expect.plugin, Some(plugin)) && is_it(&expect.rule, rule));
    if got == expected && (named || expect.plugin.is_none() && expect.rule.is_none()) {
        return None;
    }
    let said: Vec<String> =
        answered.by.iter().map(|by| format!("{}: {}{}", by.plugin, by.verdict.as_str(), by.rule.as_ref().map(|r| format!(" by {r}")).unwrap_or_default())).collect();
    let rule = expect.rule.as_ref().map(|r| format!(" by {r}")).unwrap_or_default();
    Some(format!("expected {}{rule}, got {} ({})", expected.as_str(), got.as_str(), said.join(", ")))
}

/// Parts of a sentence that a policy says.
fn text(expect: &Expect, answered: &Answered) -> Option<String> {
    let part = |given: &Option<String>, text: Option<&str>| given.as_ref().is_none_or(|part| text.is_some_and(|text| text.contains(part)));
    if expect.message.is_none() && expect.remedy.is_none() {
        return None;
    }
    let came = &answered.came;
    let of_came = (came.message.as_deref(), came.remedy.as_deref());
    let all = answered.findings.iter().map(|(_, finding)| (Some(finding.message.as_str()), finding.remedy.as_deref()));
    if all.chain([of_came]).any(|(message, remedy)| part(&expect.message, message) && part(&expect.remedy, remedy)) {
        return None;
    }
    let wanted = [("message", &expect.message), ("remedy", &expect.remedy)];
    let wanted: Vec<String> = wanted.into_iter().filter_map(|(name, text)| text.as_ref().map(|text| format!("a {name} with {text:?}"))).collect();
    Some(format!("expected {}, got {:?} and {:?}", wanted.join(" and "), came.message.as_deref().unwrap_or_default(), came.remedy.as_deref().unwrap_or_default()))
}

fn route(expected: &ExpectedRoute, came: Option<&CameRoute>) -> Option<String> {
    fn other<T: PartialEq + Debug>(name: &str, expected: &Option<T>, actual: &T) -> Option<String> {
        expected.as_ref().filter(|expected| *expected != actual).map(|expected| format!("expected a route with {name} {expected:?}, got {actual:?}"))
    }
    let Some(route) = came else { return Some("expected a route, got none".to_owned()) };
    let waiting = expected.waiting.map(|waiting| match waiting {
        ExpectedWaiting::Hold => "hold",
        ExpectedWaiting::Retry => "retry",
    });
    other("groups", &expected.groups, &route.groups)
        .or_else(|| other("subjects", &expected.subjects, &route.subjects))
        .or_else(|| other("needed", &expected.needed, &route.needed))
        .or_else(|| other("expires-after", &expected.expires_after, &route.expires_after))
        .or_else(|| other("waiting", &waiting, &route.waiting))
        .or_else(|| other("scope", &expected.scope, &route.scope))
}

/// Where two objects differ. What came is a secret only in as far as the case is one.
fn masked(expected: &Value, got: &Value, at: &str) -> Option<String> {
    match (expected, got) {
        (Value::String(expected), Value::String(got)) if expected.contains(ANY_TOKEN) && has_tokens(expected, got) => None,
        (Value::Object(expected), Value::Object(got)) => {
            let missing = expected.keys().chain(got.keys()).find(|key| expected.contains_key(*key) != got.contains_key(*key));
            match missing {
                Some(key) => Some(format!("at {at}/{key}: it is in one of the two only")),
                None => expected.iter().find_map(|(key, value)| masked(value, got.get(key)?, &format!("{at}/{key}"))),
            }
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            expected.iter().zip(got).enumerate().find_map(|(index, (expected, got))| masked(expected, got, &format!("{at}/{index}")))
        }
        (expected, got) if expected == got => None,
        (expected, got) => Some(format!("at {}: expected {expected}, got {got}", if at.is_empty() { "/" } else { at })),
    }
}

/// Whether a text is the expected one with a token in each place that any token may be, in base64 or as it is.
fn has_tokens(expected: &str, got: &str) -> bool {
    let decoded = base64::engine::general_purpose::STANDARD.decode(got).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    [Some(got), decoded.as_deref()].into_iter().flatten().any(|got| tokens_fit(expected, got))
}

fn tokens_fit(expected: &str, got: &str) -> bool {
    let mut parts = expected.split(ANY_TOKEN);
    let Some(mut rest) = got.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    for part in parts {
        // All tokens are of one length, so there is no guessing where they end.
        let Some((token, after)) = rest.split_at_checked(masking::TOKEN_LENGTH) else { return false };
        match after.strip_prefix(part) {
            Some(after) if token.starts_with(masking::TOKEN_PREFIX) => rest = after,
            _ => return false,
        }
    }
    rest.is_empty()
}

fn session(expect: &Expect, answered: &Answered) -> Option<String> {
    let expected = match expect.session? {
        ExpectedSession::Open => "open",
        ExpectedSession::Refuse => "refuse",
        ExpectedSession::NoOpinion => "no-opinion",
    };
    let came = &answered.came;
    let got = came.session.unwrap_or("nothing");
    if got != expected {
        return Some(format!("expected {expected}, got {}", came.as_yaml()));
    }
    fn other<T: PartialEq + Debug>(name: &str, expected: &Option<T>, actual: &Option<T>) -> Option<String> {
        (expected.is_some() && expected != actual).then(|| format!("expected {name} {expected:?}, got {actual:?}").replace("Some(", "").replace(')', ""))
    }
    other("ttl", &expect.ttl, &came.ttl)
        .or_else(|| other("idle", &expect.idle, &came.idle))
        .or_else(|| other("requests", &expect.requests, &came.requests))
        .or_else(|| other("rule", &expect.rule, &came.rule))
}

fn delivered(expected: ExpectedDelivery, came: Option<&Value>) -> Option<String> {
    let got = came.cloned().unwrap_or(Value::Null);
    let holds = match expected {
        // A sink says how far it came, a notifier only that it did.
        ExpectedDelivery::Done(true) => got == true || got.is_number(),
        ExpectedDelivery::Done(false) => got.is_string(),
        ExpectedDelivery::Position(position) => got == position,
        ExpectedDelivery::Not(NotDelivered::Later) => got == "later",
        ExpectedDelivery::Not(NotDelivered::Never) => got == "never",
    };
    let expected = match expected {
        ExpectedDelivery::Done(done) => done.to_string(),
        ExpectedDelivery::Position(position) => position.to_string(),
        ExpectedDelivery::Not(NotDelivered::Later) => "later".to_owned(),
        ExpectedDelivery::Not(NotDelivered::Never) => "never".to_owned(),
    };
    (!holds).then(|| format!("expected delivered {expected}, got {got}"))
}

fn sent(expected: &[ExpectedSending], came: &[Sent]) -> Option<String> {
    if expected.len() != came.len() {
        return Some(format!("expected {} outgoing requests, got {}", expected.len(), came.len()));
    }
    expected.iter().zip(came).enumerate().find_map(|(index, (expected, got))| sending(expected, got).map(|why| format!("outgoing request {}: {why}", index + 1)))
}

fn sending(expected: &ExpectedSending, got: &Sent) -> Option<String> {
    let other = |name: &str, expected: &Option<String>, got: &String| {
        expected.as_ref().filter(|expected| *expected != got).map(|expected| format!("expected the {name} {expected:?}, got {got:?}"))
    };
    let header = expected.headers.iter().find(|(name, value)| got.headers.get(&name.to_lowercase()) != Some(value));
    other("method", &expected.method, &got.method)
        .or_else(|| other("url", &expected.url, &got.url))
        .or_else(|| {
            header.map(|(name, value)| match got.headers.get(&name.to_lowercase()) {
                Some(got) => format!("expected the header {name}: {value}, got {got}"),
                None => format!("expected the header {name}, got none of that name"),
            })
        })
        .or_else(|| other("body", &expected.body, &got.body))
        .or_else(|| {
            let expected = expected.json.as_ref()?;
            match serde_json::from_str::<Value>(&got.body) {
                Ok(body) => part(expected, &body, "").map(|why| format!("its JSON differs {why}")),
                Err(_) => Some(format!("its body is no JSON: {:?}", got.body)),
            }
        })
}

/// Where `expected` is not part of `got`.
fn part(expected: &Value, got: &Value, at: &str) -> Option<String> {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => expected.iter().find_map(|(key, value)| match got.get(key) {
            Some(got) => part(value, got, &format!("{at}/{key}")),
            None => Some(format!("at {at}/{key}: expected {value}, got nothing")),
        }),
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            expected.iter().zip(got).enumerate().find_map(|(index, (expected, got))| part(expected, got, &format!("{at}/{index}")))
        }
        (expected, got) if expected == got => None,
        (expected, got) => Some(format!("at {}: expected {expected}, got {got}", if at.is_empty() { "/" } else { at })),
    }
}

#[cfg(test)]
mod tests;

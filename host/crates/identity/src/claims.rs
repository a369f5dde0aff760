//! From verified claims to an identity.

use serde_json::{Map, Value};

use crate::config::{IssuerConfig, KindRule};
use crate::identity::{Identity, Kind};
use crate::token_error::TokenError;

pub(crate) type Claims = Map<String, Value>;

/// A claim by its name, or by a JSON pointer.
fn claim<'c>(claims: &'c Claims, name: &str) -> Option<&'c Value> {
    let Some(rest) = name.strip_prefix('/') else { return claims.get(name) };
    let (first, deeper) = match rest.split_once('/') {
        Some((first, deeper)) => (first, Some(deeper)),
        None => (rest, None),
    };
    let value = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
    match deeper {
        Some(deeper) => value.pointer(&format!("/{deeper}")),
        None => Some(value),
    }
}

fn text(claims: &Claims, name: &str) -> Option<String> {
    claim(claims, name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A `NumericDate` (RFC 7519, section 2) in microseconds; it may have a fraction.
pub(crate) fn numeric_date(claims: &Claims, name: &str) -> Result<Option<i64>, TokenError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let wrong = TokenError::Malformed { why: "a time in its claims is no number of seconds" };
    if let Some(seconds) = value.as_i64() {
        return seconds.checked_mul(1_000_000).map(Some).ok_or(wrong);
    }
    match value.as_f64() {
        // Within years that a clock can show; `as` would saturate silently.
        Some(seconds) if seconds.is_finite() && seconds.abs() < 1e12 => Ok(Some((seconds * 1e6) as i64)),
        _ => Err(wrong),
    }
}

/// The `aud` claim: a string or an array of strings.
pub(crate) fn audiences(claims: &Claims) -> Vec<&str> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn groups(claims: &Claims, name: &str) -> Result<Vec<String>, TokenError> {
    let unusable = || TokenError::MissingClaim { claim: name.to_owned() };
    match claim(claims, name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(several)) => {
            several.iter().map(|group| group.as_str().map(str::to_owned).ok_or_else(unusable)).collect()
        }
        Some(_) => Err(unusable()),
    }
}

fn fits(rule: &KindRule, claims: &Claims, groups: &[String]) -> bool {
    let claim_fits = match (&rule.claim, &rule.value) {
        (None, _) => true,
        (Some(name), None) => claim(claims, name).is_some_and(|value| !value.is_null()),
        (Some(name), Some(wanted)) => claim(claims, name).is_some_and(|value| holds(value, wanted)),
    };
    let group_fits = rule.group.as_ref().is_none_or(|wanted| groups.contains(wanted));
    claim_fits && group_fits
}

fn holds(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Bool(flag) => wanted == if *flag { "true" } else { "false" },
        Value::Number(number) => number.to_string() == wanted,
        Value::Array(several) => several.iter().any(|one| !one.is_array() && holds(one, wanted)),
        Value::Null | Value::Object(_) => false,
    }
}

/// Who it is. `issued` and `expires` in microseconds.
pub(crate) fn identity(
    config: &IssuerConfig,
    claims: &Claims,
    issued: i64,
    expires: i64,
) -> Result<Identity, TokenError> {
    let missing = |claim: &str| TokenError::MissingClaim { claim: claim.to_owned() };
    let subject = text(claims, &config.subject_claim).ok_or_else(|| missing(&config.subject_claim))?;
    let groups = groups(claims, &config.groups_claim)?;
    // A claim that is there in another shape must not make an agent look as if nobody stood behind it.
    let sponsor = match &config.sponsor_claim {
        None => None,
        Some(name) => match claim(claims, name) {
            None | Some(Value::Null) => None,
            Some(Value::String(sponsor)) if !sponsor.is_empty() => Some(sponsor.clone()),
            Some(_) => return Err(missing(name)),
        },
    };
    let kind: Kind =
        config.kinds.iter().find(|rule| fits(rule, claims, &groups)).map_or(config.default_kind, |rule| rule.kind);
    let mut aliases: Vec<String> =
        ["sub", "preferred_username", "upn"].iter().filter_map(|name| text(claims, name)).collect();
    if claims.get("email_verified") != Some(&Value::Bool(false)) {
        aliases.extend(text(claims, "email"));
    }
    aliases.push(subject.clone());
    Ok(Identity::new(config.issuer.clone(), subject, kind, sponsor, groups, aliases, issued, expires))
}

#[cfg(test)]
mod tests;

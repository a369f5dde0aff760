use crate::*;
use std::sync::Arc;

pub(crate) fn rule(name: &str, paths: &[&str]) -> MaskRule {
    MaskRule { name: name.into(), paths: paths.iter().map(|p| (*p).into()).collect(), ..MaskRule::default() }
}

/// The plan of the default bundle, as far as this crate is concerned.
pub(crate) fn default_plan() -> Plan {
    Plan {
        rules: vec![
            MaskRule { encoding: Encoding::Base64, ..rule("secret-data", &["/data/*"]) },
            rule("secret-string-data", &["/stringData/*"]),
            MaskRule { names: Some("(?i)(password|secret|token|key)".into()), ..rule("env", &["/spec/**/env/*/value"]) },
        ],
        embedded: vec!["/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration".into()],
    }
}

pub(crate) fn key() -> Arc<TokenKey> {
    Arc::new(TokenKey::new([7; 32]))
}

pub(crate) fn mask(plan: &Plan, input: &str) -> Result<String, MaskError> {
    let mut masker = Masker::new(Arc::new(CompiledPlan::compile(plan).expect("a plan")), key());
    let mut out = Vec::new();
    masker.push(input.as_bytes(), &mut out)?;
    masker.finish(&mut out)?;
    Ok(String::from_utf8(out).expect("UTF-8"))
}

#[test]
fn a_secret_is_masked_as_base64() {
    let out = mask(&default_plan(), r#"{"kind":"Secret","data":{"password":"aHVudGVyMg=="}, "x": [1, 2]}"#).expect("JSON");
    let token = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key().token(b"hunter2"));
    assert_eq!(out, format!(r#"{{"kind":"Secret","data":{{"password":"{token}"}}, "x": [1, 2]}}"#));
}

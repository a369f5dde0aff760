use super::*;

async fn of(config: &str, registry: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), config).unwrap();
    match Credentials::Docker(file.path().to_owned()).of(registry).await {
        Ok(RegistryAuth::Anonymous) => "anonymous".to_owned(),
        Ok(RegistryAuth::Basic(name, password)) => format!("{name} {password}"),
        Ok(RegistryAuth::Bearer(token)) => format!("bearer {token}"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_docker_configuration_says_who_asks() {
    // `devin:open:sesame`: a password may have colons.
    let config = r#"{ "auths": { "registry.example": { "auth": "ZGV2aW46b3BlbjpzZXNhbWU=" }, "https://old.example/v1/": { "username": "a", "password": "b" }, "bare.example": {} }, "other": 1 }"#;
    assert_eq!(of(config, "registry.example").await, "devin open:sesame");
    assert_eq!(of(config, "old.example").await, "a b");
    assert_eq!(of(config, "bare.example").await, "anonymous");
    assert_eq!(of(config, "registry.example:5000").await, "anonymous");
    assert_eq!(of("{}", "registry.example").await, "anonymous");
}

#[tokio::test]
async fn what_cannot_be_had_is_said() {
    assert!(of("nothing", "registry.example").await.contains("`docker login`"));
    let missing = of(r#"{ "credHelpers": { "registry.example": "no-such-helper" } }"#, "registry.example").await;
    assert!(missing.contains("docker-credential-no-such-helper") && missing.contains("docker login registry.example"), "{missing}");
    assert!(of(r#"{ "credHelpers": { "registry.example": "../../bin/sh" } }"#, "registry.example").await.contains("strange characters"));
    // A store is asked for the registries that somebody logged in to, and no other.
    assert_eq!(of(r#"{ "credsStore": "no-such-helper" }"#, "registry.example").await, "anonymous");
}

#[test]
fn a_password_is_in_no_log() {
    let told = format!("{:?}", Credentials::Password("devin".into(), Zeroizing::new("sesame".into())));
    assert!(told.contains("devin") && !told.contains("sesame"));
}

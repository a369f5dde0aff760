use std::net::SocketAddr;

use insta::assert_snapshot;
use reqwest::Url;
use serde_json::json;

use super::*;

async fn issuer() -> (demo::Issuer, Issuer) {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let options = demo::IssuerOptions { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Default::default() };
    let development = demo::Issuer::start(options).await.unwrap();
    let found = Issuer::discover(development.url(), None).await.unwrap();
    (development, found)
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn kept(method: Method) -> Login {
    Login { gateway: "https://gateway.example".to_owned(), ca_file: None, method, token: None, expires: None }
}

fn person(issuer: &str) -> Method {
    Method::Person { issuer: issuer.to_owned(), client_id: "portcullis".to_owned(), refresh_token: None }
}

fn subject(token: &str) -> String {
    issuer::claims(token).unwrap()["sub"].as_str().unwrap().to_owned()
}

/// What a browser does: opens the page, chooses, follows the redirect back.
async fn browse(url: String, who: &'static str) {
    let page = http().get(&url).send().await.unwrap().text().await.unwrap();
    let request = page.split("name=\"request\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let authorize = Url::parse(&url).unwrap();
    let target = format!("{}/authorize", authorize.origin().ascii_serialization());
    let answer = http().post(target).form(&[("request", request.as_str()), ("who", who)]).send().await.unwrap();
    assert!(answer.status().is_success());
}

#[tokio::test]
async fn a_person_logs_in_by_the_browser() {
    let (development, found) = issuer().await;
    let tokens = browser::login(&found, "portcullis", |url| drop(tokio::spawn(browse(url.to_owned(), "alice")))).await.unwrap();
    let mut login = kept(person(development.url()));
    renewal::take(&mut login, tokens).unwrap();
    assert_eq!(subject(login.token.as_deref().unwrap()), "alice");
    assert!(login.expires.unwrap() > jiff::Timestamp::now().as_second());
}

#[tokio::test]
async fn an_answer_to_another_login_changes_nothing() {
    let (_development, found) = issuer().await;
    let meddled = |url: &str| {
        let url = url.to_owned();
        tokio::spawn(async move {
            let parsed = Url::parse(&url).unwrap();
            let back = parsed.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
            for query in ["code=stolen&state=guessed", "code=stolen", "error=access_denied&state=guessed"] {
                let page = http().get(format!("{back}?{query}")).send().await.unwrap().text().await.unwrap();
                assert!(page.contains("not the answer"), "{page}");
            }
            browse(url, "bob").await;
        });
    };
    let tokens = browser::login(&found, "portcullis", meddled).await.unwrap();
    assert_eq!(subject(&tokens.id_token.unwrap()), "bob");
}

#[tokio::test]
async fn the_issuers_no_is_told() {
    let (_development, found) = issuer().await;
    let refused = |url: &str| {
        let parsed = Url::parse(url).unwrap();
        let take = |wanted: &str| parsed.query_pairs().find(|(name, _)| name == wanted).unwrap().1.into_owned();
        let mut back = Url::parse(&take("redirect_uri")).unwrap();
        back.query_pairs_mut().append_pair("state", &take("state")).append_pair("error", "access_denied").append_pair("error_description", "not today");
        drop(tokio::spawn(async move { http().get(back).send().await }));
    };
    let Err(failure) = browser::login(&found, "portcullis", refused).await else { panic!("logged in") };
    assert_snapshot!(failure, @"the issuer did not log you in: not today; run `portcullis login` again");
}

#[tokio::test]
async fn a_person_logs_in_by_another_device() {
    let (development, found) = issuer().await;
    let page = format!("{}/device", development.url());
    let answer = |todo: &device::Instructions| {
        let code = todo.code.clone();
        drop(tokio::spawn(async move { http().post(page).form(&[("user_code", code.as_str()), ("who", "alice")]).send().await }));
    };
    let tokens = device::login(&found, "portcullis", answer).await.unwrap();
    assert_eq!(subject(&tokens.id_token.unwrap()), "alice");
}

#[tokio::test]
async fn a_program_logs_in_by_its_secret_and_renews_by_itself() {
    let (development, _) = issuer().await;
    let folder = tempfile::tempdir().unwrap();
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, format!("{}\n", development.client_secret("devin").unwrap())).unwrap();
    let method = Method::ClientCredentials {
        issuer: development.url().to_owned(),
        client_id: "devin".to_owned(),
        secret_file: secret_file.clone(),
        audience: None,
    };
    let store = LoginStore::at(folder.path().join("portcullis"));
    let mut login = kept(method);
    login.token = Some("over".to_owned());
    login.expires = Some(1);
    store.keep(&login).unwrap();
    let token = renewal::token(&store, login.clone()).await.unwrap();
    assert_eq!(subject(&token), "devin");
    // What was renewed is kept, and taken as long as it is good.
    let kept = store.login(&login.gateway).unwrap().unwrap();
    std::fs::write(&secret_file, "wrong").unwrap();
    assert_eq!(renewal::token(&store, kept).await.unwrap(), token);
    // Another process has renewed meanwhile: its token is taken.
    assert_eq!(renewal::token(&store, login.clone()).await.unwrap(), token);
    store.forget(&login.gateway).unwrap();
    let failure = renewal::token(&store, login).await.unwrap_err();
    assert!(matches!(failure, Failure::NotLoggedIn(_)), "{failure:?}");
}

#[tokio::test]
async fn a_token_file_is_read_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = LoginStore::at(folder.path().join("portcullis"));
    let file = folder.path().join("token");
    let login = kept(Method::TokenFile { file: file.clone() });
    for token in ["one", "two"] {
        std::fs::write(&file, format!("{token}\n")).unwrap();
        assert_eq!(renewal::token(&store, login.clone()).await.unwrap(), token);
    }
    for wrong in ["", "  \n", "two words", "esc\u{1b}"] {
        std::fs::write(&file, wrong).unwrap();
        assert!(matches!(renewal::token(&store, login.clone()).await, Err(Failure::NotLoggedIn(_))), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_login_that_cannot_be_renewed_says_what_to_do() {
    let store = LoginStore::at(tempfile::tempdir().unwrap().path().join("portcullis"));
    let mut login = kept(person("https://issuer.example"));
    login.token = Some("over".to_owned());
    login.expires = Some(1);
    assert_snapshot!(renewal::token(&store, login).await.unwrap_err(), @"your login at https://gateway.example is over; run `portcullis login --gateway https://gateway.example`");
}

#[test]
fn issuers_are_https_or_this_machine() {
    for good in ["https://issuer.example", "http://127.0.0.1:1234", "http://localhost:1"] {
        assert!(issuer::secure(good).is_ok(), "{good}");
    }
    for bad in ["http://issuer.example", "http://127.0.0.1.evil.example", "file:///etc/passwd", ""] {
        assert!(issuer::secure(bad).is_err(), "{bad}");
    }
}

#[test]
fn who_one_is() {
    let me = json!({ "issuer": "https://issuer.example", "subject": "alice", "kind": "human", "sponsor": null, "groups": ["approvers", "sre"], "operator": true, "auditor": true });
    assert_snapshot!(who(&me), @"
    Subject:  alice
    Kind:     human
    Groups:   approvers,sre
    Issuer:   https://issuer.example
    Rights:   operator, auditor
    ");
    assert_snapshot!(described(&me), @"alice (human; approvers,sre)");
}

use super::*;

#[test]
fn origins() {
    for (url, expected) in [
        ("https://hooks.example.com/T0/B0?x=1", "https://hooks.example.com:443"),
        ("HTTPS://Hooks.Example.COM", "https://hooks.example.com:443"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:9/x", "http://[::1]:9"),
        ("https://[0:0::1]", "https://[::1]:443"),
        ("https://a#@b", "https://a:443"),
        ("https://a?@b", "https://a:443"),
    ] {
        assert_eq!(Origin::of_url(url).unwrap().to_string(), expected, "{url}");
    }
}

/// Each of these is read as another host by some URL parser.
#[test]
fn addresses_with_two_readings_are_refused() {
    for url in [
        "https://good.example@evil.example/",
        "https://good.example:443@evil.example/",
        "https://good.example\\@evil.example/",
        "https://good.example\t.evil.example/",
        "https://good%2eexample/",
        "https://göod.example/",
        "https:///good.example/",
        "https:/good.example/",
        "//good.example/",
        "ftp://good.example/",
        "file:///etc/passwd",
        "https://good.example:99999/",
        "https://good.example:/",
        "https://good.example:4 43/",
        "https://[::1",
        "https://[::1]evil.example/",
        "https://[fe80::1%25eth0]/",
        "",
    ] {
        assert!(Origin::of_url(url).is_err(), "{url}");
    }
}

struct Everybody;

impl HttpClient for Everybody {
    fn send(&self, _: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, String>> {
        Box::pin(std::future::ready(Ok(HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() })))
    }
}

/// What else answers at a granted address is another host.
#[tokio::test]
async fn a_component_does_not_say_which_host_it_means() {
    let grant = HttpGrant { client: Arc::new(Everybody), origins: vec![Origin::parse("https://hooks.example.com").unwrap()], sent: Default::default() };
    let with = async |name: &str| {
        let headers = vec![(name.to_owned(), "metadata.internal".to_owned())];
        send(&grant, HttpRequest { method: "GET".to_owned(), url: "https://hooks.example.com/".to_owned(), headers, body: Vec::new() }).await
    };
    for name in ["Host", "HOST", " host", "Content-Length", "transfer-encoding", "Connection", "Upgrade"] {
        assert!(with(name).await.unwrap_err().contains("is written by the gateway"), "{name}");
    }
    assert_eq!(with("authorization").await.unwrap().status, 204);
}

#[test]
fn an_origin_has_no_path_and_an_error_names_no_url() {
    assert!(Origin::parse("https://a/").is_ok());
    assert!(Origin::parse("https://a/b").is_err());
    assert!(Origin::parse("https://a?b").is_err());
    let error = Origin::of_url("https://a:b@c/secret").unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
}

use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::*;
use crate::testing::{Bundle, engine, notifier, sink};
use crate::{Grants, HttpClient, HttpRequest, HttpResponse, Live, Occasion, Origin};

/// Says that everything up to `first + len` is delivered.
const ALL: &str = "(i32.store8 (i32.const 200) (i32.const 0))
    (i64.store (i32.const 208) (i64.add (local.get $first) (i64.extend_i32_u (local.get $len)))) (i32.const 200)";

fn failing(retry: u32) -> String {
    format!(
        "(i32.store8 (i32.const 200) (i32.const 1)) (i32.store (i32.const 208) (i32.const 1072)) (i32.store (i32.const 212) (i32.const 13))
         (i32.store8 (i32.const 216) (i32.const {retry})) (i32.const 200)"
    )
}

fn records(n: usize) -> Vec<String> {
    (0..n).map(|i| format!(r#"{{"seq":{i}}}"#)).collect()
}

async fn with(body: &str) -> Result<u64, DeliveryError> {
    let bundle = Bundle::new();
    bundle.write("s.wasm", sink("", body)).plugins("  - { name: s, world: audit-sink, component: s.wasm }");
    let live = bundle.open().await;
    assert_eq!(live.current().sinks(), ["s".into()]);
    live.current().deliver("s", 5, &records(3)).await
}

#[tokio::test]
async fn positions_and_failures_come_back() {
    assert_eq!(with(ALL).await, Ok(8));
    let later = with(&failing(1)).await.unwrap_err();
    assert!(later.retry() && later.to_string().contains("no such thing"));
    assert!(!with(&failing(0)).await.unwrap_err().retry());
    assert!(matches!(with("(unreachable)").await, Err(error @ DeliveryError::Failed(_)) if error.retry()));
    // A position that it cannot know.
    let lie = ALL.replace("(i64.extend_i32_u (local.get $len))", "(i64.const 4)");
    assert!(matches!(with(&lie).await, Err(DeliveryError::Failed(_))));
    assert!(matches!(with(&ALL.replace("i64.add", "i64.sub")).await, Err(DeliveryError::Failed(_))));
}

#[tokio::test]
async fn a_sink_that_is_gone_is_told() {
    let bundle = Bundle::new();
    bundle.write("bundle.yaml", "apiVersion: portcullis.dev/v1\nkind: Bundle\nplugins: []\n");
    let error = bundle.open().await.current().deliver("s", 0, &[]).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Unknown(_)) && !error.retry());
}

/// Answers 200, and keeps what it was sent.
#[derive(Default)]
struct Client {
    sent: Mutex<Vec<HttpRequest>>,
    wait: Duration,
}

impl HttpClient for Arc<Client> {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, String>> {
        self.sent.lock().push(request);
        let wait = self.wait;
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            Ok(HttpResponse { status: 200, headers: vec![], body: vec![b'x'; 100_000] })
        })
    }
}

/// POSTs nothing to `url` and answers with the status as the position, or fails with the error's text.
fn poster(url: &str) -> Vec<u8> {
    let imports = format!(
        r#"(import "portcullis:policy/http@0.1.0" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
           (data (i32.const 3000) "POST") (data (i32.const 3008) "{url}")"#
    );
    // The answer at 300: tag, then at 304 status, headers and body, or the error's text. The body's length is at 320.
    let body = format!(
        "(call $send (i32.const 3000) (i32.const 4) (i32.const 3008) (i32.const {}) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 300))
         (if (i32.load8_u (i32.const 300))
            (then (i32.store8 (i32.const 200) (i32.const 1))
                  (i32.store (i32.const 208) (i32.load (i32.const 304))) (i32.store (i32.const 212) (i32.load (i32.const 308)))
                  (i32.store8 (i32.const 216) (i32.const 0)))
            (else (i32.store8 (i32.const 200) (i32.const 0))
                  (i64.store (i32.const 208) (i64.extend_i32_u (i32.load (i32.const 320))))))
         (i32.const 200)",
        url.len()
    );
    // Data segments stand among the fields of a module, wherever: the imports' text is as good a place as any.
    sink(&imports, &body)
}

async fn live(url: &str, granted: &[&str], asked: &str, client: &Arc<Client>) -> Result<(Bundle, Live), crate::LoadError> {
    let bundle = Bundle::new();
    bundle.write("s.wasm", poster(url));
    bundle.plugins(&format!("  - {{ name: s, world: audit-sink, component: s.wasm, limits: {{ deadline: 200ms }}{asked} }}"));
    let grants = Grants {
        http_client: Some(Arc::new(client.clone())),
        http_origins: granted.iter().map(|o| Origin::parse(o).unwrap()).collect(),
        ..Grants::default()
    };
    Live::open(engine(), bundle.path(), grants).await.map(|live| (bundle, live))
}

const ASKED: &str = ", capabilities: { http: { origins: [\"https://a.example\"] } }";

#[tokio::test]
async fn the_network_is_what_bundle_and_operator_agree_on() {
    let client = Arc::new(Client::default());
    let granted = ["https://a.example", "https://b.example"];

    let (_bundle, live_) = live("https://a.example/x?y", &granted, ASKED, &client).await.unwrap();
    // 65,536 of the 100,000 bytes of the answer: not a position of the batch, but the test sees it in the error's text.
    let error = live_.current().deliver("s", 65_536, &[]).await;
    assert_eq!(error, Ok(65_536));
    assert_eq!(client.sent.lock().len(), 1);

    // Granted, but not asked for by this bundle; and a user name in front of a good host.
    for url in ["https://b.example/", "https://a.example@b.example/", "http://a.example/"] {
        let (_bundle, live_) = live(url, &granted, ASKED, &client).await.unwrap();
        assert!(matches!(live_.current().deliver("s", 0, &[]).await, Err(DeliveryError::Never { .. })), "{url}");
    }
    assert_eq!(client.sent.lock().len(), 1);

    let error = live("https://a.example", &[], ASKED, &client).await.err().unwrap().to_string();
    assert!(error.contains("https://a.example:443, which the operator has not granted"), "{error}");
    let error = live("https://a.example", &granted, "", &client).await.err().unwrap().to_string();
    assert!(error.contains("imports `portcullis:policy/http@0.1.0`"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_meets_the_deadline() {
    let client = Arc::new(Client { wait: Duration::from_secs(3600), ..Client::default() });
    let (_bundle, live) = live("https://a.example", &["https://a.example"], ASKED, &client).await.unwrap();
    let error = live.current().deliver("s", 0, &[]).await.unwrap_err();
    assert!(error.retry() && error.to_string().contains("200ms"), "{error}");
}

#[tokio::test]
async fn notices_arrive_and_failures_come_back() {
    let bundle = Bundle::new();
    // Fails for good when something was used, the fifth occasion; is done otherwise.
    let body = "(i32.store8 (i32.const 200) (i32.eq (local.get $occasion) (i32.const 4)))
        (i32.store (i32.const 204) (i32.const 1072)) (i32.store (i32.const 208) (i32.const 13)) (i32.store8 (i32.const 212) (i32.const 0))
        (i32.const 200)";
    bundle.write("n.wasm", notifier(body)).plugins("  - { name: n, world: notifier, component: n.wasm }");
    let live = bundle.open().await;
    let generation = live.current();
    assert_eq!(generation.notifiers(), ["n".into()]);
    let notice = |occasion| Notice { id: "1".into(), occasion, approval: "{}".into(), url: "https://x.example".into() };
    assert_eq!(generation.notify("n", &notice(Occasion::Requested)).await, Ok(()));
    assert!(matches!(generation.notify("n", &notice(Occasion::Used)).await, Err(DeliveryError::Never { .. })));
    assert!(matches!(generation.notify("gone", &notice(Occasion::Used)).await, Err(DeliveryError::Unknown(_))));
}

//! The interface's own text against the types written by hand.

use crate::testing::{Bundle, world_of};
use crate::wit::World;

/// A component made from the `.wit` files alone imports everything that its world may and exports everything that it must, with all types. Its
/// functions do nothing but trap, so when it gets as far as `describe`, every type has been compared.
#[tokio::test]
async fn every_world_of_every_version_fits() {
    let worlds = [World::Guard, World::ApprovalRouter, World::Masker, World::AuditSink, World::Notifier, World::SessionPolicy];
    for (version, world_) in ["0.1.0", "0.2.0-draft"].into_iter().flat_map(|version| worlds.map(|world| (version, world))) {
        let (resolve, id) = world_of(version, version, world_.as_str());
        let mut module = wit_component::dummy_module(&resolve, id, wit_parser::ManglingAndAbi::Standard32);
        wit_component::embed_component_metadata(&mut module, &resolve, id, wit_component::StringEncoding::UTF8).unwrap();
        let wasm = wit_component::ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap();
        let bundle = Bundle::new();
        bundle.write("x.wasm", wasm);
        let capabilities = match world_ {
            World::AuditSink | World::Notifier => ", capabilities: { http: { origins: [] } }",
            World::Guard => ", capabilities: { cluster: [], counter: true }",
            World::ApprovalRouter => ", capabilities: { cluster: [] }",
            _ => "",
        };
        bundle.plugins(&format!("  - {{ name: x, world: {world_}, component: x.wasm{capabilities} }}"));
        let grants = crate::Grants { http_client: Some(std::sync::Arc::new(NoNetwork)), cluster: Some(vec![]), counter: true, ..crate::Grants::default() };
        let error = crate::Live::open(crate::testing::engine(), bundle.path(), grants).await.err().unwrap().to_string();
        assert!(error.contains("its `describe` panicked"), "{version} {world_}: {error}");
    }
}

struct NoNetwork;

impl crate::HttpClient for NoNetwork {
    fn send(&self, _: crate::HttpRequest) -> futures_util::future::BoxFuture<'static, Result<crate::HttpResponse, String>> {
        Box::pin(async { Err("there is no network in this test".to_owned()) })
    }
}

//! What a program that uses kube-rs does, step by step.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use futures_util::{AsyncBufReadExt, StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Namespace, Node, Pod, Secret};
use kube::api::{
    Api, AttachParams, DeleteParams, DynamicObject, EvictParams, GetParams, ListParams, LogParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::core::{ApiResource, GroupVersionKind};
use kube::discovery::{Discovery, Scope};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::super::transcript::Transcript;

/// No step waits longer for anything.
const LIMIT: Duration = Duration::from_secs(40);

/// A run of the program.
struct Program {
    client: Client,
    namespace: String,
    transcript: Transcript,
}

/// All steps.
pub async fn all(client: Client, namespace: String) -> Transcript {
    let mut program = Program { client, namespace, transcript: Transcript::default() };
    program.discovery().await;
    program.writes().await;
    program.lists_and_watches().await;
    program.pods().await;
    program.commands().await;
    program.others().await;
    program.transcript
}

impl Program {
    fn api<K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>>(&self) -> Api<K> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// A step that comes to one answer or error.
    fn came(&mut self, step: &str, result: Result<impl Serialize, impl Debug>) {
        self.transcript.step(step);
        match result {
            Ok(value) => self.transcript.line(serde_json::to_string_pretty(&value).expect("it is plain data")),
            Err(error) => self.transcript.line(format!("{error:?}")),
        }
    }

    async fn discovery(&mut self) {
        let client = self.client.clone();
        self.came("the server's version", client.apiserver_version().await);
        let found = Discovery::new(client.clone()).run().await.expect("discovery works");
        let mut kinds: Vec<String> = Vec::new();
        for group in found.groups() {
            for (resource, capabilities) in group.recommended_resources() {
                let scope = if capabilities.scope == Scope::Namespaced { "namespaced" } else { "cluster" };
                kinds.push(format!("{}/{} {} {scope} {:?}", resource.api_version, resource.kind, resource.plural, capabilities.operations));
            }
        }
        kinds.sort();
        // Others define kinds of their own meanwhile.
        kinds.retain(|kind| !kind.contains("example.com"));
        self.came("discovery of every kind", Ok::<_, kube::Error>(kinds));
        let found = Discovery::new(client).run_aggregated().await.expect("discovery works");
        let mut groups: Vec<String> = found.groups().map(|group| format!("{} {:?}", group.name(), group.preferred_version())).collect();
        groups.retain(|group| !group.contains("example.com"));
        groups.sort();
        self.came("aggregated discovery", Ok::<_, kube::Error>(groups));
    }

    async fn writes(&mut self) {
        let maps: Api<ConfigMap> = self.api();
        let post = PostParams::default();
        self.came("create", maps.create(&post, &map("notes", &[("greeting", "hello é ✓")])).await);
        self.came("create it again", maps.create(&post, &map("notes", &[])).await);
        self.came("create what is not valid", maps.create(&post, &map("Not_Allowed", &[])).await);
        self.came("create as a dry run", maps.create(&PostParams { dry_run: true, ..post.clone() }, &map("dry", &[])).await);
        self.came("get", maps.get("notes").await);
        self.came("get what is not there", maps.get("nothing").await);
        self.came("get what may not be there", maps.get_opt("nothing").await);
        self.came("get at any version", maps.get_with("notes", &GetParams::any()).await);
        self.came("get metadata", maps.get_metadata("notes").await);
        let by = PatchParams::default();
        self.came("patch strategically", maps.patch("notes", &by, &Patch::Strategic(json!({ "data": { "a": "1" } }))).await);
        self.came("patch by merge", maps.patch("notes", &by, &Patch::Merge(json!({ "data": { "a": null, "b": "2" } }))).await);
        let operations: json_patch::Patch = serde_json::from_value(json!([{ "op": "replace", "path": "/data/b", "value": "3" }])).expect("a patch");
        self.came("patch by JSON patch", maps.patch("notes", &by, &Patch::Json::<()>(operations)).await);
        let failing: json_patch::Patch = serde_json::from_value(json!([{ "op": "test", "path": "/data/b", "value": "9" }])).expect("a patch");
        self.came("patch whose test fails", maps.patch("notes", &by, &Patch::Json::<()>(failing)).await);
        let applied = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "applied" }, "data": { "a": "1" } });
        self.came("apply", maps.patch("applied", &PatchParams::apply("kube-rs"), &Patch::Apply(&applied)).await);
        let other = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "applied" }, "data": { "a": "2" } });
        self.came("apply in conflict", maps.patch("applied", &PatchParams::apply("other"), &Patch::Apply(&other)).await);
        self.came("apply by force", maps.patch("applied", &PatchParams::apply("other").force(), &Patch::Apply(&other)).await);
        let strict = PatchParams::apply("kube-rs").validation_strict();
        let unknown = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "applied" }, "unknown": 1 });
        self.came("apply an unknown field strictly", maps.patch("applied", &strict, &Patch::Apply(&unknown)).await);
        self.came("patch metadata", maps.patch_metadata("notes", &by, &Patch::Merge(json!({ "metadata": { "labels": { "tier": "front" } } }))).await);
        let mut seen = maps.get("notes").await.expect("it is there");
        seen.data.get_or_insert_with(BTreeMap::new).insert("greeting".to_owned(), "replaced".to_owned());
        self.came("replace", maps.replace("notes", &post, &seen).await);
        self.came("replace an old version", maps.replace("notes", &post, &seen).await);
        let secrets: Api<Secret> = self.api();
        let secret = Secret { string_data: Some([("password".to_owned(), "opensesame".to_owned())].into()), metadata: map("login", &[]).metadata, ..Secret::default() };
        self.came("create a secret", secrets.create(&post, &secret).await);
        self.came("get the secret", secrets.get("login").await.map(|secret| secret.data));
    }

    async fn lists_and_watches(&mut self) {
        let maps: Api<ConfigMap> = self.api();
        for n in 0..7 {
            maps.create(&PostParams::default(), &map(&format!("many-{n}"), &[("n", "0")])).await.expect("it is created");
        }
        let many = ListParams::default().fields("metadata.name!=notes").labels("app=many");
        self.came("list", names(maps.list(&many).await));
        self.came("list metadata", maps.list_metadata(&many).await.map(|list| list.items.len()));
        self.came("list by a selector that is none", names(maps.list(&ListParams::default().labels("=!")).await));
        let mut pages = Vec::new();
        let mut page = many.clone().limit(3);
        loop {
            let list = maps.list(&page).await.expect("a page");
            pages.push((list.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), list.metadata.remaining_item_count));
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => break,
            }
        }
        self.came("list in pages", Ok::<_, kube::Error>(pages));
        self.came("list with a false token", names(maps.list(&many.clone().limit(3).continue_token("nonsense")).await));
        let begun = maps.list(&many).await.expect("a list").metadata.resource_version.expect("it has a version");
        maps.patch("many-1", &PatchParams::default(), &Patch::Merge(json!({ "data": { "n": "1" } }))).await.expect("it is patched");
        maps.delete("many-2", &DeleteParams::default()).await.expect("it is deleted");
        maps.create(&PostParams::default(), &map("many-8", &[])).await.expect("it is created");
        let stream = maps.watch(&WatchParams::default().labels("app=many").timeout(30), &begun).await.expect("a watch");
        let events: Vec<String> = within(stream.take(3).map(|event| told(event, &ConfigMap::name_any)).collect()).await;
        self.came("watch from a version on", Ok::<_, kube::Error>(events));
        let stream = maps.watch(&WatchParams::default().labels("app=many").timeout(1), "0").await.expect("a watch");
        let mut events: Vec<String> = within(stream.map(|event| told(event, &ConfigMap::name_any)).collect()).await;
        // Whether a bookmark comes at the end is a matter of the server's clock.
        events.retain(|event| event != "bookmark");
        events.sort();
        self.came("watch that ends by its time", Ok::<_, kube::Error>(events));
        let stream = maps.watch_metadata(&WatchParams::default().labels("app=many").timeout(30), &begun).await.expect("a watch");
        let events: Vec<String> = within(stream.take(3).map(|event| told(event, &|meta| meta.name_any())).collect()).await;
        self.came("watch metadata", Ok::<_, kube::Error>(events));
        for (step, config) in [
            ("watcher by list and watch", watcher::Config::default().labels("app=many").page_size(2)),
            ("watcher by a streamed list", watcher::Config::default().labels("app=many").streaming_lists()),
        ] {
            let stream = watcher(maps.clone(), config).take(8);
            let events: Vec<String> = within(stream.map(|event| format!("{:?}", event.map(|event| event.modify(|map| map.metadata.managed_fields = None)))).collect()).await;
            self.came(step, Ok::<_, kube::Error>(events));
        }
    }

    async fn pods(&mut self) {
        let pods: Api<Pod> = self.api();
        let pod: Pod = serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "box" },
            "spec": { "terminationGracePeriodSeconds": 0, "containers": [{ "name": "box", "image": "busybox",
                "command": ["sh", "-c", "echo one; echo two; echo three; exec httpd -f -p 80 -h /usr/share/nginx/html"] }] },
        }))
        .expect("a pod");
        self.came("create a pod", pods.create(&PostParams::default(), &pod).await.map(|pod| pod.spec.map(|spec| spec.containers)));
        let running = timeout(LIMIT, await_condition(pods.clone(), "box", conditions::is_pod_running())).await.expect("it runs in time");
        let phase = running.map(|pod| pod.and_then(|pod| pod.status).and_then(|status| status.phase));
        self.came("wait until it runs", phase);
        let whole = LogParams::default();
        within(async {
            while !pods.logs("box", &whole).await.is_ok_and(|log| log.contains("three")) {
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        self.came("its log", pods.logs("box", &whole).await);
        self.came("the end of its log", pods.logs("box", &LogParams { tail_lines: Some(1), ..whole.clone() }).await);
        self.came("the log of no container", pods.logs("box", &LogParams { container: Some("none".to_owned()), ..whole.clone() }).await);
        let follow = pods.log_stream("box", &LogParams { follow: true, ..whole }).await.expect("a log");
        let lines: Result<Vec<String>, _> = within(follow.lines().take(3).try_collect()).await;
        self.came("its log followed", lines);
        let eviction = EvictParams { post_options: PostParams { dry_run: true, ..PostParams::default() }, ..EvictParams::default() };
        self.came("evict it as a dry run", pods.evict("box", &eviction).await);
        self.came("evict what is not there", pods.evict("nothing", &eviction).await);
    }

    async fn commands(&mut self) {
        let pods: Api<Pod> = self.api();
        let quiet = AttachParams::default().stderr(false);
        for (step, command) in [
            ("exec", vec!["sh", "-c", "echo out; id -u"]),
            ("exec with an exit code", vec!["sh", "-c", "echo failing; exit 7"]),
            ("exec with much output", vec!["seq", "1", "30000"]),
        ] {
            let mut process = pods.exec("box", command, &quiet).await.expect("it runs");
            let (mut printed, mut stdout) = (String::new(), process.stdout().expect("it prints"));
            let status = process.take_status().expect("it tells");
            within(stdout.read_to_string(&mut printed)).await.expect("it can be read");
            let status = within(status).await;
            let joined = within(process.join()).await.map_err(|error| error.to_string());
            self.came(step, Ok::<_, kube::Error>(json!({ "printed": printed, "status": status, "joined": format!("{joined:?}") })));
        }
        let mut process = pods.exec("box", ["sh", "-c", "read line; echo got $line; echo bad >&2"], &AttachParams::default().stdin(true)).await.expect("it runs");
        let (mut stdin, mut stdout, mut stderr) = (process.stdin().expect("it reads"), process.stdout().expect("it prints"), process.stderr().expect("it complains"));
        stdin.write_all(b"typed\n").await.expect("it takes it");
        let (mut out, mut err) = (String::new(), String::new());
        within(stdout.read_to_string(&mut out)).await.expect("it can be read");
        within(stderr.read_to_string(&mut err)).await.expect("it can be read");
        self.came("exec with what is typed", Ok::<_, kube::Error>((out, err)));
        self.came("exec in no pod", pods.exec("nothing", ["true"], &quiet).await.map(|_| "it runs"));
        self.came("exec in no container", pods.exec("box", ["true"], &quiet.container("none")).await.map(|_| "it runs"));
        let mut forwarded = pods.portforward("box", &[80]).await.expect("the port is forwarded");
        let mut port = forwarded.take_stream(80).expect("there is a stream");
        port.write_all(b"GET / HTTP/1.0\r\nhost: box\r\n\r\n").await.expect("it takes it");
        let mut page = String::new();
        within(port.read_to_string(&mut page)).await.expect("it answers");
        let body = page.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        self.came("port-forward", Ok::<_, kube::Error>(body));
    }

    async fn others(&mut self) {
        let post = PostParams::default();
        let deployments: Api<Deployment> = self.api();
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": { "name": "web" },
            "spec": { "replicas": 0, "selector": { "matchLabels": { "app": "web" } },
                "template": { "metadata": { "labels": { "app": "web" } }, "spec": { "containers": [{ "name": "web", "image": "busybox" }] } } },
        }))
        .expect("a deployment");
        self.came("create a deployment", deployments.create(&post, &deployment).await.map(|one| one.spec));
        self.came("its scale", deployments.get_scale("web").await.map(|scale| scale.spec));
        let scale = Patch::Merge(json!({ "spec": { "replicas": 1 } }));
        self.came("scale it", deployments.patch_scale("web", &PatchParams::default(), &scale).await.map(|scale| scale.spec));
        self.came("restart it", deployments.restart("web").await.map(|one| one.name_any()));
        let dynamic = ApiResource::from_gvk(&GroupVersionKind::gvk("apps", "v1", "Deployment"));
        let by_name: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), &self.namespace, &dynamic);
        self.came("get it as a dynamic object", by_name.get("web").await.map(|one| one.data["spec"]["template"].clone()).map(without_restart));
        let unknown = ApiResource::from_gvk(&GroupVersionKind::gvk("none.example.com", "v1", "Unicorn"));
        self.came("list a kind that there is not", names(Api::<DynamicObject>::all_with(self.client.clone(), &unknown).list(&ListParams::default()).await));
        let nodes: Api<Node> = Api::all(self.client.clone());
        self.came("get the node", nodes.get("node-1").await.map(|node| node.status.and_then(|status| status.node_info)));
        let spaces: Api<Namespace> = Api::all(self.client.clone());
        self.came("get the namespace", spaces.get(&self.namespace).await);
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        for (step, place) in [("may it", json!({ "namespace": self.namespace })), ("may it everywhere", json!({}))] {
            let mut question = json!({ "spec": { "resourceAttributes": { "verb": "get", "resource": "pods" } } });
            question["spec"]["resourceAttributes"]["namespace"] = place["namespace"].clone();
            self.came(step, reviews.create(&post, &read(question)).await.map(|review| review.status));
        }
        let events: Api<Event> = self.api();
        let of_the_pod = ListParams::default().fields("involvedObject.name=box,reason=Scheduled");
        self.came("events of the pod", events.list(&of_the_pod).await.map(|list| list.items.into_iter().map(|event| event.message).collect::<Vec<_>>()));
        let maps: Api<ConfigMap> = self.api();
        let gone = DeleteParams::default();
        self.came("delete", maps.delete("applied", &gone).await.map(|either| either.either(|object| json!(object), |status| json!(status))));
        self.came("delete it again", maps.delete("applied", &gone).await.map(|_| "it is gone"));
        self.came("delete as a dry run", maps.delete("notes", &gone.clone().dry_run()).await.map(|_| "it would be gone"));
        self.came("delete a collection", maps.delete_collection(&gone, &ListParams::default().labels("app=many")).await.map(|_| "they are gone"));
        self.came("nothing of it is left", names(maps.list(&ListParams::default().labels("app=many")).await));
        let pods: Api<Pod> = self.api();
        self.came("delete the pod", pods.delete("box", &DeleteParams::default().grace_period(0)).await.map(|_| "it goes"));
        self.came("delete the deployment", deployments.delete("web", &DeleteParams::foreground()).await.map(|_| "it goes"));
    }
}

/// A config map; one of `many` when its name says so.
fn map(name: &str, data: &[(&str, &str)]) -> ConfigMap {
    let app = if name.starts_with("many") { "many" } else { "notes" };
    let data: BTreeMap<_, _> = data.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    read(json!({ "metadata": { "name": name, "labels": { "app": app } }, "data": data }))
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("it is of this kind")
}

/// The names of what is in a list.
fn names<K: kube::Resource + Clone>(list: kube::Result<kube::api::ObjectList<K>>) -> kube::Result<Vec<String>> {
    list.map(|list| list.items.iter().map(ResourceExt::name_any).collect())
}

/// A restart is a time, to the second.
fn without_restart(mut template: Value) -> Value {
    if let Some(annotations) = template["metadata"]["annotations"].as_object_mut() {
        annotations.retain(|name, _| !name.contains("restartedAt"));
    }
    template
}

/// An event, without what two runs cannot share.
fn told<K>(event: kube::Result<WatchEvent<K>>, name: &dyn Fn(&K) -> String) -> String {
    match event {
        Ok(WatchEvent::Added(object)) => format!("added {}", name(&object)),
        Ok(WatchEvent::Modified(object)) => format!("modified {}", name(&object)),
        Ok(WatchEvent::Deleted(object)) => format!("deleted {}", name(&object)),
        Ok(WatchEvent::Bookmark(_)) => "bookmark".to_owned(),
        Ok(WatchEvent::Error(status)) => format!("{status:?}"),
        Err(error) => format!("{error:?}"),
    }
}

/// What is awaited, but not for ever.
async fn within<T>(what: impl Future<Output = T>) -> T {
    timeout(LIMIT, what).await.expect("it ends in time")
}

"""What a program that uses the Python client sees of a cluster, step by step.

Runs with the kubeconfig of one side, in its current namespace, and prints a transcript: a line `== name` begins a step.
The suite runs it with and without the gateway and compares the two.
"""

import json
import os
import time

import yaml
from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import portforward, stream
from kubernetes.stream.ws_client import ERROR_CHANNEL

NAMESPACE = os.environ["NS"]
# No step waits longer for anything.
SECONDS = 40

config.load_kube_config()
api = client.ApiClient()
core, apps, batch = client.CoreV1Api(), client.AppsV1Api(), client.BatchV1Api()


def show(value):
    """Prints an object as the client reads it, in one spelling."""
    plain = api.sanitize_for_serialization(value)
    print(json.dumps(plain, indent=1, sort_keys=True))


def step(function):
    """Runs a step at its place in the file. What the client raises is part of what is compared."""
    print("==", function.__name__.replace("_", " "))
    try:
        function()
    except ApiException as error:
        print("raised", error.status, error.reason)
        print(json.dumps(json.loads(error.body), indent=1, sort_keys=True) if error.body else "no body")
    return function


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"app": "python"}), data=data)


@step
def version():
    show(client.VersionApi().get_code())


@step
def groups_of_the_api():
    for group in client.ApisApi().get_api_versions().groups:
        print(group.name, [version.version for version in group.versions])


@step
def resources_of_a_group():
    show(apps.get_api_resources())


@step
def create_a_config_map():
    show(core.create_namespaced_config_map(NAMESPACE, config_map("notes", greeting="hello", accents="é ✓")))


@step
def create_it_again_is_409():
    core.create_namespaced_config_map(NAMESPACE, config_map("notes"))


@step
def create_what_is_not_valid_is_422():
    core.create_namespaced_config_map(NAMESPACE, config_map("Not_Allowed"))


@step
def create_in_no_namespace_is_404():
    core.create_namespaced_config_map("nowhere", config_map("notes"))


@step
def create_as_a_dry_run():
    show(core.create_namespaced_config_map(NAMESPACE, config_map("dry"), dry_run="All"))


@step
def read_it():
    show(core.read_namespaced_config_map("notes", NAMESPACE))


@step
def read_what_is_not_there_is_404():
    core.read_namespaced_config_map("nothing", NAMESPACE)


@step
def read_the_bytes_of_the_answer():
    answer = core.read_namespaced_config_map("notes", NAMESPACE, _preload_content=False)
    print(answer.status, answer.headers["Content-Type"], answer.data.decode())


@step
def patch_strategically():
    show(core.patch_namespaced_config_map("notes", NAMESPACE, {"data": {"more": "1"}}).data)


@step
def patch_by_json_patch():
    patch = [{"op": "test", "path": "/data/more", "value": "1"}, {"op": "replace", "path": "/data/more", "value": "2"}]
    show(core.patch_namespaced_config_map("notes", NAMESPACE, patch).data)


@step
def patch_whose_test_fails_is_422():
    core.patch_namespaced_config_map("notes", NAMESPACE, [{"op": "test", "path": "/data/more", "value": "9"}])


@step
def replace_it():
    seen = core.read_namespaced_config_map("notes", NAMESPACE)
    seen.data["greeting"] = "replaced"
    show(core.replace_namespaced_config_map("notes", NAMESPACE, seen))


@step
def replace_an_old_version_is_409():
    seen = core.read_namespaced_config_map("notes", NAMESPACE)
    core.patch_namespaced_config_map("notes", NAMESPACE, {"data": {"more": "3"}})
    core.replace_namespaced_config_map("notes", NAMESPACE, seen)


@step
def create_many_from_a_yaml_file():
    maps = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"many-{n}", "labels": {"app": "many"}}, "data": {"n": str(n)}} for n in range(7)]
    document = yaml.safe_dump_all(maps)
    with open("many.yaml", "w", encoding="utf-8") as file:
        file.write(document)
    for created in utils.create_from_yaml(api, "many.yaml", namespace=NAMESPACE):
        print([one.metadata.name for one in created])


@step
def list_in_pages_of_three():
    follow, page = None, 0
    while True:
        found = core.list_namespaced_config_map(NAMESPACE, label_selector="app=many", limit=3, _continue=follow)
        page += 1
        print("page", page, [one.metadata.name for one in found.items], "left", found.metadata.remaining_item_count)
        follow = found.metadata._continue
        if not follow:
            break


@step
def list_with_a_false_token_is_400():
    core.list_namespaced_config_map(NAMESPACE, limit=3, _continue="nonsense")


@step
def list_by_field():
    show(core.list_namespaced_config_map(NAMESPACE, field_selector="metadata.name=many-3"))


@step
def list_by_a_selector_that_is_none_is_400():
    core.list_namespaced_config_map(NAMESPACE, label_selector="=!")


@step
def list_at_a_version():
    found = core.list_namespaced_config_map(NAMESPACE, label_selector="app=many")
    again = core.list_namespaced_config_map(NAMESPACE, label_selector="app=many", resource_version=found.metadata.resource_version, resource_version_match="Exact")
    print(len(again.items), again.metadata.resource_version == found.metadata.resource_version)


@step
def watch_from_a_version_on():
    begun = core.list_namespaced_config_map(NAMESPACE, label_selector="app=many").metadata.resource_version
    core.patch_namespaced_config_map("many-1", NAMESPACE, {"data": {"n": "one"}})
    core.delete_namespaced_config_map("many-2", NAMESPACE)
    core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="many-8", labels={"app": "many"})))
    watcher, seen = watch.Watch(), 0
    for event in watcher.stream(core.list_namespaced_config_map, NAMESPACE, label_selector="app=many", resource_version=begun, timeout_seconds=SECONDS):
        print(event["type"], event["object"].metadata.name, event["object"].data)
        seen += 1
        if seen == 3:
            watcher.stop()


@step
def watch_that_ends_by_its_time():
    watcher = watch.Watch()
    events = watcher.stream(core.list_namespaced_config_map, NAMESPACE, label_selector="app=many", timeout_seconds=1)
    print(sorted((event["type"], event["object"].metadata.name) for event in events))


@step
def watch_with_bookmarks():
    watcher = watch.Watch()
    for event in watcher.stream(core.list_namespaced_config_map, NAMESPACE, label_selector="app=many", send_initial_events=True,
                                resource_version_match="NotOlderThan", allow_watch_bookmarks=True, timeout_seconds=SECONDS):
        raw = event["raw_object"]
        print(event["type"], raw["metadata"].get("name"), raw["metadata"].get("annotations"))
        if event["type"] == "BOOKMARK":
            break


@step
def create_a_secret():
    secret = client.V1Secret(metadata=client.V1ObjectMeta(name="login"), string_data={"password": "opensesame"})
    show(core.create_namespaced_secret(NAMESPACE, secret))


@step
def read_the_secret():
    show(core.read_namespaced_secret("login", NAMESPACE).data)


@step
def create_a_pod():
    container = client.V1Container(
        name="box", image="busybox", command=["sh", "-c", "echo one; echo two; echo three; exec httpd -f -p 80 -h /usr/share/nginx/html"],
        env=[client.V1EnvVar(name="PASSWORD", value_from=client.V1EnvVarSource(secret_key_ref=client.V1SecretKeySelector(name="login", key="password")))],
        ports=[client.V1ContainerPort(container_port=80)],
    )
    spec = client.V1PodSpec(containers=[container], termination_grace_period_seconds=0)
    show(core.create_namespaced_pod(NAMESPACE, client.V1Pod(metadata=client.V1ObjectMeta(name="box"), spec=spec)).spec.containers)


@step
def wait_for_it_by_a_watch():
    watcher = watch.Watch()
    for event in watcher.stream(core.list_namespaced_pod, NAMESPACE, field_selector="metadata.name=box", timeout_seconds=SECONDS):
        conditions = event["object"].status.conditions or []
        if any(one.type == "Ready" and one.status == "True" for one in conditions):
            print("ready", event["object"].status.phase)
            watcher.stop()


@step
def read_its_status():
    status = core.read_namespaced_pod_status("box", NAMESPACE).status
    print(status.phase, [(one.type, one.status) for one in status.conditions], [one.ready for one in status.container_statuses])


@step
def its_log():
    end = time.monotonic() + SECONDS
    while "three" not in core.read_namespaced_pod_log("box", NAMESPACE) and time.monotonic() < end:
        time.sleep(0.1)
    print(core.read_namespaced_pod_log("box", NAMESPACE))


@step
def the_end_of_its_log():
    print(core.read_namespaced_pod_log("box", NAMESPACE, tail_lines=1))


@step
def its_log_followed():
    watcher = watch.Watch()
    for line in watcher.stream(core.read_namespaced_pod_log, "box", NAMESPACE):
        print(line)
        if line == "three":
            watcher.stop()


@step
def the_log_of_no_container_is_400():
    core.read_namespaced_pod_log("box", NAMESPACE, container="none")


@step
def exec_in_it():
    print(stream(core.connect_get_namespaced_pod_exec, "box", NAMESPACE, command=["sh", "-c", "echo out; echo $PASSWORD; echo err >&2"],
                 stdout=True, stderr=False, stdin=False, tty=False))


@step
def exec_by_post():
    print(stream(core.connect_post_namespaced_pod_exec, "box", NAMESPACE, command=["echo", "posted"], stdout=True, stderr=True, stdin=False, tty=False))


@step
def exec_with_input_and_an_exit_code():
    session = stream(core.connect_get_namespaced_pod_exec, "box", NAMESPACE, command=["sh", "-c", "read line; echo got $line; echo bad >&2; exit 7"],
                     stdout=True, stderr=True, stdin=True, tty=False, _preload_content=False)
    session.write_stdin("typed\n")
    session.run_forever(timeout=SECONDS)
    print("stdout", session.read_stdout(), "stderr", session.read_stderr())
    print("exit code", session.returncode, session.read_channel(ERROR_CHANNEL))


@step
def exec_with_much_output():
    printed = stream(core.connect_get_namespaced_pod_exec, "box", NAMESPACE, command=["seq", "1", "30000"], stdout=True, stderr=True, stdin=False, tty=False)
    print(len(printed), printed[-12:])


@step
def exec_on_a_terminal():
    print(repr(stream(core.connect_get_namespaced_pod_exec, "box", NAMESPACE, command=["sh", "-c", "test -t 1 && echo a terminal"],
                      stdout=True, stderr=False, stdin=False, tty=True)))


@step
def exec_in_no_pod_is_404():
    try:
        stream(core.connect_get_namespaced_pod_exec, "nothing", NAMESPACE, command=["true"], stdout=True, stderr=True, stdin=False, tty=False)
    except ApiException as error:
        # Between the two are the headers, with a time and an id.
        status, *_, body = error.reason.split(" -+-+- ")
        print(status, body)


@step
def port_forward_to_it():
    forwarded = portforward(core.connect_get_namespaced_pod_portforward, "box", NAMESPACE, ports="80")
    socket = forwarded.socket(80)
    socket.setblocking(True)
    socket.settimeout(SECONDS)
    socket.sendall(b"GET / HTTP/1.0\r\nHost: box\r\n\r\n")
    page = b""
    while piece := socket.recv(4096):
        page += piece
    print(page.decode().partition("\r\n\r\n")[2], forwarded.error(80))


@step
def evict_it_as_a_dry_run():
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name="box"), delete_options=client.V1DeleteOptions(dry_run=["All"]))
    show(core.create_namespaced_pod_eviction("box", NAMESPACE, eviction))


@step
def create_a_deployment():
    labels = {"app": "web"}
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[client.V1Container(name="web", image="busybox")]))
    spec = client.V1DeploymentSpec(replicas=0, selector=client.V1LabelSelector(match_labels=labels), template=template)
    show(apps.create_namespaced_deployment(NAMESPACE, client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)).spec)


@step
def its_scale():
    show(apps.read_namespaced_deployment_scale("web", NAMESPACE).spec)


@step
def scale_it():
    show(apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 1}}).spec)


@step
def patch_its_containers_by_name():
    show(apps.patch_namespaced_deployment("web", NAMESPACE, {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "busybox:2"}]}}}}).spec.template.spec.containers)


@step
def the_dynamic_client_finds_resources():
    found = dynamic.DynamicClient(api)
    for kind, version in [("ConfigMap", "v1"), ("Deployment", "apps/v1"), ("Ingress", "networking.k8s.io/v1")]:
        resource = found.resources.get(api_version=version, kind=kind)
        print(resource.name, resource.namespaced, sorted(resource.verbs), sorted(resource.subresources))


@step
def the_dynamic_client_applies_server_side():
    maps = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": "1"}}
    show(maps.server_side_apply(body=body, name="applied", namespace=NAMESPACE, field_manager="python").to_dict())


@step
def an_apply_in_conflict_is_409():
    maps = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": "2"}}
    try:
        maps.server_side_apply(body=body, name="applied", namespace=NAMESPACE, field_manager="other")
    except dynamic.exceptions.ConflictError as error:
        print(error.status, error.reason, error.body)


@step
def the_dynamic_client_gets_lists_and_patches():
    maps = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")
    print(maps.get(name="applied", namespace=NAMESPACE).data.to_dict())
    print(sorted(one.metadata.name for one in maps.get(namespace=NAMESPACE, label_selector="app=many").items))
    patch = {"data": {"b": "2"}}
    print(maps.patch(body=patch, name="applied", namespace=NAMESPACE, content_type="application/merge-patch+json").data.to_dict())


@step
def the_dynamic_client_defines_a_kind_of_its_own():
    group = f"{NAMESPACE}.example.com"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]},
    }
    show(client.ApiextensionsV1Api().create_custom_resource_definition(crd).spec)
    custom, end = client.CustomObjectsApi(), time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            custom.list_namespaced_custom_object(group, "v1", NAMESPACE, "widgets")
            break
        except ApiException:
            time.sleep(0.1)
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"size": 90071992547409931}}
    show(custom.create_namespaced_custom_object(group, "v1", NAMESPACE, "widgets", widget)["spec"])
    show(custom.patch_namespaced_custom_object(group, "v1", NAMESPACE, "widgets", "one", {"spec": {"size": 2}})["spec"])
    gone = client.ApiextensionsV1Api().delete_custom_resource_definition(f"widgets.{group}")
    print("deleted", gone["metadata"]["name"] if isinstance(gone, dict) else gone.status)


@step
def may_i():
    for verb, resource in [("get", "pods"), ("delete", "nodes")]:
        attributes = client.V1ResourceAttributes(namespace=NAMESPACE, verb=verb, resource=resource)
        review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
        print(verb, resource, client.AuthorizationV1Api().create_self_subject_access_review(review).status.allowed)


@step
def delete_one():
    show(core.delete_namespaced_config_map("applied", NAMESPACE))


@step
def delete_it_again_is_404():
    core.delete_namespaced_config_map("applied", NAMESPACE)


@step
def delete_under_a_false_condition_is_409():
    options = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="00000000-0000-0000-0000-000000000000"))
    core.delete_namespaced_config_map("notes", NAMESPACE, body=options)


@step
def delete_a_collection():
    show(core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="app=many"))
    print([one.metadata.name for one in core.list_namespaced_config_map(NAMESPACE, label_selector="app=many").items])


@step
def delete_the_pod():
    print(core.delete_namespaced_pod("box", NAMESPACE, grace_period_seconds=0).metadata.name)


@step
def delete_the_deployment():
    show(apps.delete_namespaced_deployment("web", NAMESPACE, propagation_policy="Background"))

"""Containers run only images from allowed registries, and of a version that is named: by a tag, or in some namespaces by a digest."""

import json
import re

import wit_world
from componentize_py_types import Err
from wit_world import Verdict, Verdict_Deny, Verdict_NoOpinion, exports
from wit_world.exports.plugin import Description
from wit_world.imports.documents import Document
from wit_world.imports.types import Facts, Finding, Request

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["registries"],
    "additionalProperties": False,
    "properties": {
        "registries": {
            "description": "Where images may come from: a registry, or a part of one, such as ghcr.io/acme. Docker's own images are in docker.io/library.",
            "type": "array",
            "items": {"type": "string", "pattern": "^[a-z0-9._:/-]+[a-z0-9]$"},
            "minItems": 1,
        },
        "digests": {
            "description": "Namespaces in which an image must be named by its digest.",
            "type": "array",
            "items": {"type": "string", "pattern": "^[a-z0-9-]+$"},
            "default": [],
        },
    },
}

# Where Kubernetes' own resources keep the pods that they run.
POD_SPECS = {
    ("", "pods"): "/spec",
    ("", "podtemplates"): "/template/spec",
    ("", "replicationcontrollers"): "/spec/template/spec",
    ("apps", "deployments"): "/spec/template/spec",
    ("apps", "replicasets"): "/spec/template/spec",
    ("apps", "daemonsets"): "/spec/template/spec",
    ("apps", "statefulsets"): "/spec/template/spec",
    ("batch", "jobs"): "/spec/template/spec",
    ("batch", "cronjobs"): "/spec/jobTemplate/spec/template/spec",
}

IMAGE = re.compile(r"[A-Za-z0-9._:/@-]+")

registries: list[str] = []
digests: list[str] = []


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        summary = "Containers run only images from allowed registries, of a version that is named."
        return Description("allowed-images", "0.1.0", summary, json.dumps(SCHEMA))

    def configure(self, configuration: str) -> None:
        # The gateway has held it against the schema.
        global registries, digests
        settings = json.loads(configuration)
        registries, digests = settings["registries"], settings.get("digests", [])


class WitWorld(wit_world.WitWorld):
    def evaluate(self, facts: Facts, body: Document | None) -> Verdict:
        request = facts.request
        spec = pod_spec(request)
        if spec is None:
            return Verdict_NoOpinion()
        seen = preview(body) if request.verb == "patch" else body
        if seen is None:
            return deny("unreadable-images", "the object that this write would make cannot be seen")

        lists = [f"{spec}/{name}" for name in ("containers", "initContainers", "ephemeralContainers")]
        for pointer, text in zip(lists, seen.get_all(lists)):
            images = images_of(text)
            if images is None:
                return deny("unreadable-images", f"the images at {pointer} cannot be read")
            for index, image in enumerate(images):
                verdict = judge(image, f"{pointer}/{index}/image", request.namespace)
                if verdict is not None:
                    return verdict
        return Verdict_NoOpinion()


def pod_spec(request: Request) -> str | None:
    """Where the pod specification is that this request writes, if it writes one."""
    if request.verb not in ("create", "update", "patch"):
        return None
    if request.subresource is not None and (request.resource, request.subresource) != ("pods", "ephemeralcontainers"):
        return None
    return POD_SPECS.get((request.group, request.resource))


def preview(body: Document | None) -> Document | None:
    """The object as it would be after a patch, which by itself says little."""
    try:
        return body and body.preview()
    except Err:
        return None  # The API server would not try it.


def images_of(text: str | None) -> list[str] | None:
    """The images in the JSON text of a list of containers; None when it is something else."""
    containers = json.loads(text or "null")
    if containers is None:
        return []
    if not isinstance(containers, list) or not all(isinstance(container, dict) for container in containers):
        return None
    images = [container.get("image") for container in containers]
    return images if all(isinstance(image, str) for image in images) else None


def judge(image: str, at: str, namespace: str | None) -> Verdict | None:
    if not IMAGE.fullmatch(image):
        return deny("unreadable-images", f"the image at {at} is no image's name")
    name, tag, digest = parse(image)
    if not any(name == registry or name.startswith(registry + "/") for registry in registries):
        remedy = f"use an image from {', '.join(registries)}"
        return deny("allowed-registries", f"the image at {at} is not from an allowed registry", remedy)
    if not digest and namespace in digests:
        return deny("digest-required", f"the image at {at} has no digest", "name the image by its digest, as in name@sha256:...")
    if not digest and tag in ("", "latest"):
        return deny("no-floating-tags", f"the image at {at} has no tag, or the tag latest", "name a version by its tag or digest")
    return None


def parse(image: str) -> tuple[str, str, str]:
    """An image's name, with its registry as the kubelet fills it in, and its tag and digest; empty when there is none."""
    tagged, _, digest = image.partition("@")
    folder, slash, last = tagged.rpartition("/")
    last, _, tag = last.partition(":")
    name = folder + slash + last
    host, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif "." not in host and ":" not in host and host != "localhost":
        name = f"docker.io/{name}"
    return name, tag, digest


def deny(rule: str, message: str, remedy: str | None = None) -> Verdict:
    return Verdict_Deny(Finding(rule, message, remedy))

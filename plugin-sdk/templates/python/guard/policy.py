"""Keeps workloads small: nobody scales one beyond a limit."""

import json

import wit_world
from componentize_py_types import Err
from wit_world import Verdict, Verdict_Deny, Verdict_NoOpinion, exports
from wit_world.exports.plugin import Description
from wit_world.imports.documents import Document
from wit_world.imports.types import Facts, Finding

SCHEMA = {
    "type": "object",
    "required": ["most"],
    "additionalProperties": False,
    "properties": {
        "most": {"description": "The most replicas that a workload may have.", "type": "integer", "minimum": 0},
    },
}

settings: dict = {}


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        return Description("{{name}}", "0.1.0", "Keeps workloads small: nobody scales one beyond a limit.", json.dumps(SCHEMA))

    def configure(self, configuration: str) -> None:
        # Called once, when the gateway loads the bundle and has held the configuration against the schema.
        settings.update(json.loads(configuration))


class WitWorld(wit_world.WitWorld):
    def evaluate(self, facts: Facts, body: Document | None) -> Verdict:
        request = facts.request
        if request.verb not in ("create", "update", "patch") or request.group != "apps" or body is None:
            return Verdict_NoOpinion()
        try:
            # A patch is not an object: what counts is what will be there after it.
            seen = body.preview() if request.verb == "patch" else body
        except Err as why:
            return deny(f"nobody can say how large it would be: {why.value}")
        wanted, most = json.loads(seen.get("/spec/replicas") or "0") or 0, settings["most"]
        if wanted <= most:
            return Verdict_NoOpinion()
        return deny(f"{wanted} replicas are more than {most}", "ask for fewer, or for a higher limit")


def deny(message: str, remedy: str | None = None) -> Verdict:
    return Verdict_Deny(Finding("{{name}}", message, remedy))

"""Masks fields of one kind of custom resource."""

import json

import wit_world
from wit_world import Action, Candidate, Encoding, MaskRule, Plan, ResponseKind, exports
from wit_world.exports.plugin import Description

SCHEMA = {
    "type": "object",
    "required": ["group", "resource", "paths"],
    "additionalProperties": False,
    "properties": {
        "group": {"description": "The API group of the resource.", "type": "string"},
        "resource": {"description": "The plural resource.", "type": "string"},
        "paths": {"description": "Where its secrets are: JSON pointers in which * stands for any one key or index.", "type": "array", "items": {"type": "string"}},
    },
}

# kubectl keeps a copy of the whole object here.
LAST_APPLIED = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"

settings: dict = {}


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        return Description("{{name}}", "0.1.0", "Masks fields of one kind of custom resource.", json.dumps(SCHEMA))

    def configure(self, configuration: str) -> None:
        # Called once, when the gateway loads the bundle and has held the configuration against the schema.
        settings.update(json.loads(configuration))


class WitWorld(wit_world.WitWorld):
    def plan_masking(self, kind: ResponseKind) -> Plan:
        if (kind.group, kind.resource) != (settings["group"], settings["resource"]):
            return Plan([], [])
        # Equal secrets give equal tokens, so that an agent can compare them without seeing them.
        rule = MaskRule(
            name="{{name}}",
            paths=settings["paths"],
            names=None,
            patterns=[],
            encoding=Encoding.TEXT,
            action=Action.TOKEN,
        )
        return Plan([rule], [LAST_APPLIED])

    def inspect(self, candidates: list[Candidate]) -> list[str | None]:
        # Only rules with the action `inspect` ask; there is none, and what nobody asked for stays hidden.
        return ["***" for _ in candidates]

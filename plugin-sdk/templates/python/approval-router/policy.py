"""Sends each approval to the team that owns the namespace."""

import json

import wit_world
from wit_world import GrantScope, Route, Waiting_Hold, exports
from wit_world.exports.plugin import Description
from wit_world.imports.documents import Document
from wit_world.imports.types import Facts, Finding

SCHEMA = {
    "type": "object",
    "required": ["others"],
    "additionalProperties": False,
    "properties": {
        "teams": {"description": "The group that approves what concerns a namespace.", "type": "object", "additionalProperties": {"type": "string"}, "default": {}},
        "others": {"description": "The group that approves everything else.", "type": "string"},
    },
}

settings: dict = {}


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        return Description("{{name}}", "0.1.0", "Sends each approval to the team that owns the namespace.", json.dumps(SCHEMA))

    def configure(self, configuration: str) -> None:
        # Called once, when the gateway loads the bundle and has held the configuration against the schema.
        settings.update(json.loads(configuration))


class WitWorld(wit_world.WitWorld):
    def route_approval(self, facts: Facts, body: Document | None, findings: list[Finding]) -> Route | None:
        team = settings.get("teams", {}).get(facts.request.namespace, settings["others"])
        return Route(
            groups=[team],
            subjects=[],
            needed=1,
            expires_after=900,
            waiting=Waiting_Hold(60),
            scope=GrantScope.THIS_VERSION,
        )

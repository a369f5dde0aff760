"""Agents say what a session is for, and it is short; people may work all day."""

import json

import wit_world
from wit_world import Answer, Answer_Open, Answer_Refuse, Ask, Terms, exports
from wit_world.exports.plugin import Description
from wit_world.imports.types import Finding, IdentityKind

SCHEMA = {
    "type": "object",
    "required": ["agent_minutes", "others_minutes"],
    "additionalProperties": False,
    "properties": {
        "agent_minutes": {"description": "Minutes of an agent's session, at most.", "type": "integer", "minimum": 1},
        "others_minutes": {"description": "Minutes of anybody else's, at most.", "type": "integer", "minimum": 1},
    },
}

settings: dict = {}


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        return Description("{{name}}", "0.1.0", "Agents say what a session is for, and it is short; people may work all day.", json.dumps(SCHEMA))

    def configure(self, configuration: str) -> None:
        # Called once, when the gateway loads the bundle and has held the configuration against the schema.
        settings.update(json.loads(configuration))


class WitWorld(wit_world.WitWorld):
    def open_session(self, ask: Ask) -> Answer:
        agent = ask.identity.kind == IdentityKind.AGENT
        if agent and not (ask.purpose or "").strip():
            return Answer_Refuse(Finding("purpose", "an agent's session needs a purpose", "open it with --purpose TEXT"))
        most = 60 * settings["agent_minutes" if agent else "others_minutes"]
        ttl = max(1, min(most if ask.ttl is None else ask.ttl, most))
        return Answer_Open(Terms(ttl=ttl, idle=min(600, most), requests=None))

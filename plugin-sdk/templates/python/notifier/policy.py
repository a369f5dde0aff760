"""Posts a sentence to a chat when an approval waits, and when it has ended."""

import json

import wit_world
from componentize_py_types import Err
from wit_world import Failure, Notice, Occasion, exports
from wit_world.exports.plugin import Description
from wit_world.imports import http

SCHEMA = {
    "type": "object",
    "required": ["url"],
    "additionalProperties": False,
    "properties": {
        "url": {"description": "The chat's incoming webhook; its origin must be among the bundle's and the operator's.", "type": "string"},
    },
}

WHAT = {
    Occasion.REQUESTED: "An approval waits for you",
    Occasion.APPROVED: "An approval was granted",
    Occasion.DENIED: "An approval was refused",
    Occasion.EXPIRED: "An approval expired",
    Occasion.USED: "An approved request went through",
    Occasion.WITHDRAWN: "An approval is no longer wanted",
}

settings: dict = {}


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        return Description("{{name}}", "0.1.0", "Posts a sentence to a chat when an approval waits, and when it has ended.", json.dumps(SCHEMA))

    def configure(self, configuration: str) -> None:
        # Called once, when the gateway loads the bundle and has held the configuration against the schema.
        settings.update(json.loads(configuration))


class WitWorld(wit_world.WitWorld):
    def notify(self, notice: Notice) -> None:
        body = json.dumps({"text": f"{WHAT[notice.occasion]}: {notice.url}"}).encode()
        status = send(http.Outgoing("POST", settings["url"], [("content-type", "application/json")], body))
        if not 200 <= status < 300:
            raise Err(Failure(f"the chat answered {status}", may_help_again(status)))


def send(request: http.Outgoing) -> int:
    """The status. An error to send at all may pass."""
    try:
        return http.send(request).status
    except Err as why:
        raise Err(Failure(why.value, True)) from None


def may_help_again(status: int) -> bool:
    return status >= 500 or status in (408, 429)

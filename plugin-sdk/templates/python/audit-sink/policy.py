"""Posts the records of the audit log to an HTTP endpoint, as JSON Lines."""

import json

import wit_world
from componentize_py_types import Err
from wit_world import Batch, Failure, exports
from wit_world.exports.plugin import Description
from wit_world.imports import http

SCHEMA = {
    "type": "object",
    "required": ["url"],
    "additionalProperties": False,
    "properties": {
        "url": {"description": "The address; its origin must be among the bundle's and the operator's.", "type": "string"},
    },
}

settings: dict = {}


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        return Description("{{name}}", "0.1.0", "Posts the records of the audit log to an HTTP endpoint, as JSON Lines.", json.dumps(SCHEMA))

    def configure(self, configuration: str) -> None:
        # Called once, when the gateway loads the bundle and has held the configuration against the schema.
        settings.update(json.loads(configuration))


class WitWorld(wit_world.WitWorld):
    def deliver(self, batch: Batch) -> int:
        headers = [("content-type", "application/x-ndjson"), ("portcullis-first", str(batch.first))]
        status = send(http.Outgoing("POST", settings["url"], headers, "\n".join(batch.records).encode()))
        if 200 <= status < 300:
            return batch.first + len(batch.records)
        raise Err(Failure(f"the endpoint answered {status}", may_help_again(status)))


def send(request: http.Outgoing) -> int:
    """The status. An error to send at all may pass."""
    try:
        return http.send(request).status
    except Err as why:
        raise Err(Failure(why.value, True)) from None


def may_help_again(status: int) -> bool:
    return status >= 500 or status in (408, 429)

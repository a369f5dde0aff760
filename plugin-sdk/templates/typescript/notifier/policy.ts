// Posts a sentence to a chat when an approval waits, and when it has ended.

import { send as post } from "portcullis:policy/http@0.1.0";
import type { Failure, Notice, Plugin, Thrown } from "portcullis";

const schema = {
  type: "object",
  required: ["url"],
  additionalProperties: false,
  properties: {
    url: { description: "The chat's incoming webhook; its origin must be among the bundle's and the operator's.", type: "string" },
  },
};

interface Settings {
  url: string;
}

let settings: Settings;

export const plugin: Plugin = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Posts a sentence to a chat when an approval waits, and when it has ended.",
    configurationSchema: JSON.stringify(schema),
  }),

  // Called once, when the gateway loads the bundle and has held the configuration against the schema.
  configure(configuration) {
    settings = JSON.parse(configuration);
  },
};

const WHAT = {
  requested: "An approval waits for you",
  approved: "An approval was granted",
  denied: "An approval was refused",
  expired: "An approval expired",
  used: "An approved request went through",
  withdrawn: "An approval is no longer wanted",
};

export function notify(notice: Notice): void {
  const body = new TextEncoder().encode(JSON.stringify({ text: `${WHAT[notice.occasion]}: ${notice.url}` }));
  const { status } = send({ method: "POST", url: settings.url, headers: [["content-type", "application/json"]], body });
  if (status >= 200 && status < 300) return;
  throw failure(`the chat answered ${status}`, mayHelpAgain(status));
}

/** An error to send at all may pass; one that the other side tells by its status may or may not. */
function send(request: Parameters<typeof post>[0]) {
  try {
    return post(request);
  } catch (error) {
    throw failure((error as Thrown).payload, true);
  }
}

function mayHelpAgain(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

function failure(message: string, retry: boolean): Failure {
  return { message, retry };
}

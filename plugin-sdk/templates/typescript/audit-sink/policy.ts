// Posts the records of the audit log to an HTTP endpoint, as JSON Lines.

import { send as post } from "portcullis:policy/http@0.1.0";
import type { Batch, Failure, Plugin, Thrown } from "portcullis";

const schema = {
  type: "object",
  required: ["url"],
  additionalProperties: false,
  properties: {
    url: { description: "The address; its origin must be among the bundle's and the operator's.", type: "string" },
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
    summary: "Posts the records of the audit log to an HTTP endpoint, as JSON Lines.",
    configurationSchema: JSON.stringify(schema),
  }),

  // Called once, when the gateway loads the bundle and has held the configuration against the schema.
  configure(configuration) {
    settings = JSON.parse(configuration);
  },
};

export function deliver(batch: Batch): bigint {
  const headers: [string, string][] = [["content-type", "application/x-ndjson"], ["portcullis-first", `${batch.first}`]];
  const { status } = send({ method: "POST", url: settings.url, headers, body: new TextEncoder().encode(batch.records.join("\n")) });
  if (status >= 200 && status < 300) return batch.first + BigInt(batch.records.length);
  throw failure(`the endpoint answered ${status}`, mayHelpAgain(status));
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

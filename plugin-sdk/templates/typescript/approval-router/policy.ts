// Sends each approval to the team that owns the namespace.

import type { Document, Facts, Finding, Plugin, Route } from "portcullis";

const schema = {
  type: "object",
  required: ["others"],
  additionalProperties: false,
  properties: {
    teams: { description: "The group that approves what concerns a namespace.", type: "object", additionalProperties: { type: "string" }, default: {} },
    others: { description: "The group that approves everything else.", type: "string" },
  },
};

interface Settings {
  teams?: Record<string, string>;
  others: string;
}

let settings: Settings;

export const plugin: Plugin = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Sends each approval to the team that owns the namespace.",
    configurationSchema: JSON.stringify(schema),
  }),

  // Called once, when the gateway loads the bundle and has held the configuration against the schema.
  configure(configuration) {
    settings = JSON.parse(configuration);
  },
};

export function routeApproval({ request }: Facts, _body: Document | undefined, _findings: Finding[]): Route | undefined {
  const team = new Map(Object.entries(settings.teams ?? {})).get(request.namespace ?? "");
  return {
    groups: [team ?? settings.others],
    subjects: [],
    needed: 1,
    expiresAfter: 900,
    waiting: { tag: "hold", val: 60 },
    scope: "this-version",
  };
}

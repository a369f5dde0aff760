// Masks fields of one kind of custom resource.

const schema = {
  type: "object",
  required: ["group", "resource", "paths"],
  additionalProperties: false,
  properties: {
    group: { description: "The API group of the resource.", type: "string" },
    resource: { description: "The plural resource.", type: "string" },
    paths: { description: "Where its secrets are: JSON pointers in which * stands for any one key or index.", type: "array", items: { type: "string" } },
  },
};

let settings;

export const plugin = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Masks fields of one kind of custom resource.",
    configurationSchema: JSON.stringify(schema),
  }),

  // Called once, when the gateway loads the bundle and has held the configuration against the schema.
  configure(configuration) {
    settings = JSON.parse(configuration);
  },
};

// kubectl keeps a copy of the whole object here.
const LAST_APPLIED = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

export function planMasking(kind) {
  if (kind.group !== settings.group || kind.resource !== settings.resource) return { rules: [], embedded: [] };
  // Equal secrets give equal tokens, so that an agent can compare them without seeing them.
  const rule = { name: "{{name}}", paths: settings.paths, patterns: [], encoding: "text", action: "token" };
  return { rules: [rule], embedded: [LAST_APPLIED] };
}

// Only rules with the action `inspect` ask; there is none, and what nobody asked for stays hidden.
export function inspect(candidates) {
  return candidates.map(() => "***");
}

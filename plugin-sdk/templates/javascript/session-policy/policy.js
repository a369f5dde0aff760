// Agents say what a session is for, and it is short; people may work all day.

const schema = {
  type: "object",
  required: ["agent_minutes", "others_minutes"],
  additionalProperties: false,
  properties: {
    agent_minutes: { description: "Minutes of an agent's session, at most.", type: "integer", minimum: 1 },
    others_minutes: { description: "Minutes of anybody else's, at most.", type: "integer", minimum: 1 },
  },
};

let settings;

export const plugin = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Agents say what a session is for, and it is short; people may work all day.",
    configurationSchema: JSON.stringify(schema),
  }),

  // Called once, when the gateway loads the bundle and has held the configuration against the schema.
  configure(configuration) {
    settings = JSON.parse(configuration);
  },
};

export function openSession(ask) {
  const agent = ask.identity.kind === "agent";
  if (agent && (ask.purpose ?? "").trim() === "") {
    const finding = { rule: "purpose", message: "an agent's session needs a purpose", remedy: "open it with --purpose TEXT" };
    return { tag: "refuse", val: finding };
  }
  const most = 60 * (agent ? settings.agent_minutes : settings.others_minutes);
  const ttl = Math.max(1, Math.min(ask.ttl ?? most, most));
  return { tag: "open", val: { ttl, idle: Math.min(600, most) } };
}

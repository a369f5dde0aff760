// Keeps workloads small: nobody scales one beyond a limit.

const schema = {
  type: "object",
  required: ["most"],
  additionalProperties: false,
  properties: {
    most: { description: "The most replicas that a workload may have.", type: "integer", minimum: 0 },
  },
};

let settings;

export const plugin = {
  describe: () => ({
    name: "{{name}}",
    version: "0.1.0",
    summary: "Keeps workloads small: nobody scales one beyond a limit.",
    configurationSchema: JSON.stringify(schema),
  }),

  // Called once, when the gateway loads the bundle and has held the configuration against the schema.
  configure(configuration) {
    settings = JSON.parse(configuration);
  },
};

export function evaluate({ request }, body) {
  if (!["create", "update", "patch"].includes(request.verb) || request.group !== "apps" || body === undefined) return { tag: "no-opinion" };
  let wanted;
  try {
    // A patch is not an object: what counts is what will be there after it.
    const object = request.verb === "patch" ? body.preview() : body;
    wanted = JSON.parse(object.get("/spec/replicas") ?? "0");
  } catch (why) {
    return deny(`nobody can say how large it would be: ${why.payload ?? why}`);
  }
  if (wanted <= settings.most) return { tag: "no-opinion" };
  return deny(`${wanted} replicas are more than ${settings.most}`, "ask for fewer, or for a higher limit");
}

function deny(message, remedy) {
  return { tag: "deny", val: { rule: "{{name}}", message, remedy } };
}

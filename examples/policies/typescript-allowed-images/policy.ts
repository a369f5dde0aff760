// Containers run only images from allowed registries, and of a version that is named: by a tag, or in some namespaces by a digest.

import type { Document, Facts, Guard, Plugin, Request, Verdict } from "portcullis";

const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  required: ["registries"],
  additionalProperties: false,
  properties: {
    registries: {
      description: "Where images may come from: a registry, or a part of one, such as ghcr.io/acme. Docker's own images are in docker.io/library.",
      type: "array",
      items: { type: "string", pattern: "^[a-z0-9._:/-]+[a-z0-9]$" },
      minItems: 1,
    },
    digests: {
      description: "Namespaces in which an image must be named by its digest.",
      type: "array",
      items: { type: "string", pattern: "^[a-z0-9-]+$" },
      default: [],
    },
  },
};

interface Settings {
  registries: string[];
  digests?: string[];
}

interface Image {
  /** With its registry, as the kubelet fills it in. */
  name: string;
  /** Empty when there is none; so is the digest. */
  tag: string;
  digest: string;
}

/** Where Kubernetes' own resources keep the pods that they run. */
const podSpecs = new Map([
  ["pods", "/spec"],
  ["podtemplates", "/template/spec"],
  ["replicationcontrollers", "/spec/template/spec"],
  ["apps/deployments", "/spec/template/spec"],
  ["apps/replicasets", "/spec/template/spec"],
  ["apps/daemonsets", "/spec/template/spec"],
  ["apps/statefulsets", "/spec/template/spec"],
  ["batch/jobs", "/spec/template/spec"],
  ["batch/cronjobs", "/spec/jobTemplate/spec/template/spec"],
]);

let settings: Required<Settings> = { registries: [], digests: [] };

export const plugin: Plugin = {
  describe: () => ({
    name: "allowed-images",
    version: "0.1.0",
    summary: "Containers run only images from allowed registries, of a version that is named.",
    configurationSchema: JSON.stringify(schema),
  }),

  // The gateway has held the configuration against the schema.
  configure(configuration) {
    settings = { digests: [], ...(JSON.parse(configuration) as Settings) };
  },
};

export const evaluate: Guard["evaluate"] = ({ request }: Facts, body: Document | undefined): Verdict => {
  const spec = podSpec(request);
  if (spec === undefined) return { tag: "no-opinion" };
  const object = request.verb === "patch" ? preview(body) : body;
  if (object === undefined) return deny("unreadable-images", "the object that this write would make cannot be seen");

  const lists = ["containers", "initContainers", "ephemeralContainers"].map((list) => `${spec}/${list}`);
  const texts = object.getAll(lists);
  for (const [index, list] of lists.entries()) {
    const images = imagesOf(texts[index] ?? "null");
    if (images === undefined) return deny("unreadable-images", `the images at ${list} cannot be read`);
    for (const [container, image] of images.entries()) {
      const verdict = judge(image, `${list}/${container}/image`, request.namespace);
      if (verdict !== undefined) return verdict;
    }
  }
  return { tag: "no-opinion" };
};

/** Where the pod specification is that this request writes; undefined when it writes none. */
function podSpec({ verb, group, resource, subresource }: Request): string | undefined {
  if (!["create", "update", "patch"].includes(verb)) return undefined;
  if (subresource !== undefined && `${resource}/${subresource}` !== "pods/ephemeralcontainers") return undefined;
  return podSpecs.get(group === "" ? resource : `${group}/${resource}`);
}

/** The object as it would be after a patch, which by itself says little. */
function preview(body: Document | undefined): Document | undefined {
  try {
    return body?.preview();
  } catch {
    return undefined; // The API server would not try it.
  }
}

/** The images in the JSON text of a list of containers; undefined when it is something else. */
function imagesOf(text: string): string[] | undefined {
  const containers: unknown = JSON.parse(text);
  if (containers === null) return [];
  if (!Array.isArray(containers)) return undefined;
  const images: unknown[] = containers.map((container: { image?: unknown } | null) => container?.image);
  return images.every((image) => typeof image === "string") ? images : undefined;
}

function judge(image: string, at: string, namespace: string | undefined): Verdict | undefined {
  if (!/^[A-Za-z0-9._:\/@-]+$/.test(image)) return deny("unreadable-images", `the image at ${at} is no image's name`);
  const { name, tag, digest } = parse(image);
  const { registries, digests } = settings;
  if (!registries.some((registry) => name === registry || name.startsWith(`${registry}/`))) {
    return deny("allowed-registries", `the image at ${at} is not from an allowed registry`, `use an image from ${registries.join(", ")}`);
  }
  if (digest === "" && namespace !== undefined && digests.includes(namespace)) {
    return deny("digest-required", `the image at ${at} has no digest`, "name the image by its digest, as in name@sha256:...");
  }
  if (digest === "" && (tag === "" || tag === "latest")) {
    return deny("no-floating-tags", `the image at ${at} has no tag, or the tag latest`, "name a version by its tag or digest");
  }
  return undefined;
}

function parse(image: string): Image {
  const [tagged, digest] = cut(image, image.indexOf("@"));
  const [name, tag] = cut(tagged, tagged.indexOf(":", tagged.lastIndexOf("/") + 1));
  if (!name.includes("/")) return { name: `docker.io/library/${name}`, tag, digest };
  const [host] = cut(name, name.indexOf("/"));
  const isHost = /[.:]/.test(host) || host === "localhost";
  return { name: isHost ? name : `docker.io/${name}`, tag, digest };
}

/** What is before and after the character at a place. */
function cut(text: string, at: number): [string, string] {
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function deny(rule: string, message: string, remedy?: string): Verdict {
  return { tag: "deny", val: { rule, message, remedy } };
}

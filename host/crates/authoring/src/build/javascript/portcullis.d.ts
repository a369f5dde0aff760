// The interface `portcullis:policy@0.1.0` as JavaScript sees it. `portcullis plugin build` writes this file; the interface's own text, in
// `.portcullis/wit`, says what each of these is.
//
// What may be absent is `undefined`. A function of the gateway whose result may be an error returns the value, or throws a `Thrown` that has the
// error as its `payload`; a policy's own function throws the error itself.

declare module "portcullis" {
  /** Every policy exports one, by the name `plugin`. */
  export interface Plugin {
    describe(): Description;
    /** Takes the configuration, as JSON text that fits the schema. Throw a sentence to refuse it. */
    configure(configuration: string): void;
  }

  export interface Description {
    /** In kebab case. */
    name: string;
    /** By semver. */
    version: string;
    /** One sentence: what it is for. */
    summary: string;
    /** A JSON Schema, as JSON text. */
    configurationSchema: string;
  }

  export interface Identity {
    issuer: string;
    subject: string;
    kind: "human" | "agent" | "workload";
    /** The human on whose behalf an agent acts. */
    sponsor: string | undefined;
    groups: string[];
  }

  export interface Session {
    id: string;
    purpose: string | undefined;
    /** Milliseconds since 1970, as `expires` is. */
    opened: bigint;
    expires: bigint;
  }

  /** The canonical request: what the API server would understand, and exactly what it will be sent. */
  export interface Request {
    connection: string;
    /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`; an HTTP method where the path is no resource. */
    verb: string;
    isResource: boolean;
    /** Empty for the core group. */
    group: string;
    version: string;
    /** Plural: `pods`. */
    resource: string;
    subresource: string | undefined;
    namespace: string | undefined;
    name: string | undefined;
    path: string;
    query: [string, string][];
    dryRun: boolean;
    hash: string;
    /** The request as a kubectl command line. */
    command: string;
    /** What the client says it ran: never decide by it. */
    claimedCommand: string | undefined;
  }

  export interface Facts {
    identity: Identity;
    session: Session;
    request: Request;
  }

  /** The body, which the gateway has parsed: it gives the JSON text of what is asked for, by RFC 6901 pointers. */
  export interface Document {
    get(pointer: string): string | undefined;
    /** Many in one crossing. */
    getAll(pointers: string[]): (string | undefined)[];
    text(): string;
    /** The object as it would be after this write, by a server-side dry run. Throws the API server's reason when there is none. */
    preview(): Document;
  }

  export interface Finding {
    /** A stable name. */
    rule: string;
    /** One sentence: what is wrong. */
    message: string;
    /** One sentence: what to do instead. */
    remedy?: string;
  }

  /** What a function of the gateway throws. */
  export interface Thrown {
    payload: string;
  }

  // guard

  export type Verdict =
    | { tag: "no-opinion" }
    | { tag: "allow"; val: string }
    | { tag: "require-approval"; val: Finding }
    | { tag: "deny"; val: Finding };

  export interface Guard {
    evaluate(facts: Facts, body: Document | undefined): Verdict;
  }

  // approval-router

  export interface Route {
    groups: string[];
    subjects: string[];
    /** Distinct people: 1 or more. */
    needed: number;
    /** Seconds. */
    expiresAfter: number;
    /** Hold the connection for so many seconds, or answer at once. */
    waiting: { tag: "hold"; val: number } | { tag: "retry" };
    scope: "this-version" | "this-object";
  }

  export interface ApprovalRouter {
    /** Undefined: this router does not answer, and the next one is asked. */
    routeApproval(facts: Facts, body: Document | undefined, findings: Finding[]): Route | undefined;
  }

  // masker

  export interface ResponseKind {
    connection: string;
    verb: string;
    isResource: boolean;
    group: string;
    version: string;
    resource: string;
    subresource: string | undefined;
  }

  export interface MaskRule {
    name: string;
    /** Pointers in which `*` is any one key or index and `**` any number of them. Empty: every string. */
    paths: string[];
    /** A regular expression for the name beside the value, or for its key. */
    names?: string;
    /** Regular expressions for what is masked within the value. Empty: all of it. */
    patterns: string[];
    encoding: "text" | "base64";
    action: "token" | "redact" | "inspect";
  }

  export interface Plan {
    rules: MaskRule[];
    /** Paths of strings that hold a JSON copy of the object. */
    embedded: string[];
  }

  export interface Candidate {
    rule: string;
    path: string;
    value: string;
  }

  export interface Masker {
    planMasking(kind: ResponseKind): Plan;
    /** One answer for each, in order: what to show instead, or undefined to let it pass. */
    inspect(candidates: Candidate[]): (string | undefined)[];
  }

  // audit-sink and notifier

  export interface Failure {
    message: string;
    /** False when the same again can never help. */
    retry: boolean;
  }

  export interface Batch {
    /** The position of the first record. */
    first: bigint;
    /** JSON text of each. */
    records: string[];
  }

  export interface AuditSink {
    /** The position up to which everything is delivered. Throw a `Failure`. */
    deliver(batch: Batch): bigint;
  }

  export interface Notice {
    id: string;
    occasion: "requested" | "approved" | "denied" | "expired" | "used" | "withdrawn";
    /** The approval, as JSON text. */
    approval: string;
    url: string;
  }

  export interface Notifier {
    /** Throw a `Failure`. */
    notify(notice: Notice): void;
  }

  // session-policy

  export interface Ask {
    identity: Identity;
    connection: string;
    purpose: string | undefined;
    /** Seconds. */
    ttl: number | undefined;
    openSessions: number;
  }

  export interface Terms {
    /** Seconds. */
    ttl: number;
    /** Seconds. */
    idle: number;
    requests?: bigint;
  }

  export type Answer = { tag: "no-opinion" } | { tag: "open"; val: Terms } | { tag: "refuse"; val: Finding };

  export interface SessionPolicy {
    openSession(ask: Ask): Answer;
  }
}

declare module "portcullis:policy/log@0.1.0" {
  export function write(level: "debug" | "info" | "warn" | "error", message: string): void;
}

declare module "portcullis:policy/clock@0.1.0" {
  /** Milliseconds since 1970. A policy that imports it is no pure function. */
  export function now(): bigint;
}

declare module "portcullis:policy/cluster@0.1.0" {
  export interface ResourceType {
    group: string;
    version: string;
    resource: string;
  }
  export interface Found {
    namespace: string | undefined;
    name: string;
    /** The JSON text at each pointer that was asked for. */
    fields: (string | undefined)[];
  }
  export interface Selection {
    type: ResourceType;
    namespace: string | undefined;
    labelSelector: string;
  }
  export interface Question {
    verb: string;
    type: ResourceType;
    subresource: string | undefined;
    namespace: string | undefined;
    name: string | undefined;
  }
  // Objects of the cluster, as far as the bundle asks for them and the operator grants them. Each throws a sentence.
  export function get(type: ResourceType, namespace: string | undefined, name: string, pointers: string[]): Found | undefined;
  export function list(selection: Selection, pointers: string[]): { items: Found[]; complete: boolean };
  export function canI(question: Question): boolean;
}

declare module "portcullis:policy/counter@0.1.0" {
  export interface Charge {
    key: string;
    amount: number;
    limit: bigint;
    /** Seconds. */
    window: number;
  }
  // Durable counts. Each throws a sentence.
  /** Undefined when all of them fitted; otherwise none is charged. */
  export function spend(charges: Charge[]): { index: number; used: bigint; fitsAfter: number } | undefined;
  export function used(key: string, window: number): bigint;
}

declare module "portcullis:policy/http@0.1.0" {
  // To the origins that the bundle asks for and the operator grants; sinks and notifiers only. Throws a sentence.
  export interface Outgoing {
    method: string;
    url: string;
    headers: [string, string][];
    body: Uint8Array;
  }
  export interface Incoming {
    status: number;
    headers: [string, string][];
    body: Uint8Array;
  }
  export function send(request: Outgoing): Incoming;
}

// Of the web's own functions, what a policy may need; the language's library has the rest.

/** Text as UTF-8. */
declare class TextEncoder {
  encode(text?: string): Uint8Array;
}

/** UTF-8 as text. */
declare class TextDecoder {
  decode(bytes?: Uint8Array): string;
}

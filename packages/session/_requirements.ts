import type { Capabilities } from "@plausch/smtp/capabilities";
import type { BodyType, MailParameters, RcptParameters } from "@plausch/smtp/parameter";
import type * as Path from "@plausch/smtp/path";
import type { Content } from "./content.ts";
import type { Envelope } from "./envelope.ts";
import type { Action, Adaptation, Extension, ExtensionPolicy } from "./extension_policy.ts";
import type { LocalRefusal, RecipientOutcome } from "./outcome.ts";

/** How a message is to be sent, and what to do where a server cannot take it so. */
export interface Wishes {
  /** Whether to send it in chunks. */
  readonly chunking: boolean;
  /** Whether commands in groups were asked for by name. */
  readonly pipelining: boolean;
  readonly policy: ExtensionPolicy;
}

/** How a message goes to a server with certain capabilities. */
export interface Plan {
  readonly mail: MailParameters;
  /** The parameters of each recipient, by its place in the envelope; undefined where nobody has any. */
  readonly rcpt: ReadonlyArray<RcptParameters> | undefined;
  readonly verb: "DATA" | "BDAT";
  readonly adaptations: ReadonlyArray<Adaptation>;
}

/** Why a message cannot go to a server. */
export type Refusal = Pick<RecipientOutcome, "code" | "status" | "extension"> & { readonly reason: LocalRefusal };

/** What is known when a message is about to be sent. */
export interface Given {
  readonly envelope: Envelope;
  readonly content: Content;
  readonly capabilities: Capabilities;
  /** Whether the connection is encrypted, and the server has proven who it is. */
  readonly isProven: boolean;
  readonly wishes: Wishes;
}

/** One extension, or a limit of it: whether a message asks for it, whether the server has it, what can be done without. */
interface Requirement {
  readonly extension: Extension;
  readonly isAsked: (given: Given) => boolean;
  readonly isOffered: (given: Given) => boolean;
  readonly refusal: Refusal;
  /** Whether the message can go without it. Default: yes. */
  readonly canDrop?: (given: Given) => boolean;
  /** Whether there is something nearly as good. Default: no. */
  readonly canDowngrade?: (given: Given) => boolean;
}

const notOffered = (extension: Extension): Refusal => ({
  reason: "NotOffered",
  code: 555,
  status: { class: 5, subject: 5, detail: 4 },
  extension,
});

const limitExceeded = (extension: Extension, code: number): Refusal => ({
  reason: "LimitExceeded",
  code,
  status: { class: 5, subject: 5, detail: 4 },
  extension,
});

const never = () => false;
const always = () => true;

const isInternational = (path: Path.ReversePath | Path.ForwardPath): boolean =>
  path._tag === "Mailbox" && path.needsSmtputf8;

/** The address needs SMTPUTF8, whatever the message is. */
const needsSmtputf8 = ({ reversePath, recipients, parameters }: Envelope): boolean =>
  parameters.smtputf8 === true || isInternational(reversePath) || recipients.some(({ path }) => isInternational(path));

const asksBinary = ({ envelope, content }: Given): boolean =>
  content.isBinary || envelope.parameters.body === "BINARYMIME";

const isBinaryOffered = ({ capabilities }: Given): boolean => capabilities.binaryMime && capabilities.chunking;

/** Both are in UTC, and in one form but for fractions of a second; without its `Z` the earlier one is the lesser text. */
const isLater = (dateTime: string, than: string): boolean => dateTime.slice(0, -1) > than.slice(0, -1);

const isFree = ({ capabilities, content }: Given): boolean => !content.eightBit || capabilities.eightBitMime;

const requirements: ReadonlyArray<Requirement> = [
  {
    extension: "REQUIRETLS",
    isAsked: ({ envelope }) => envelope.parameters.requireTls === true,
    isOffered: ({ capabilities, isProven }) => isProven && capabilities.requireTls,
    refusal: { reason: "RequireTlsNotOffered", code: 550, status: { class: 5, subject: 7, detail: 30 } },
  },
  {
    extension: "SMTPUTF8",
    isAsked: ({ envelope }) => needsSmtputf8(envelope),
    isOffered: ({ capabilities }) => capabilities.smtputf8,
    refusal: { reason: "NeedsSmtpUtf8", code: 553, status: { class: 5, subject: 6, detail: 7 } },
    canDrop: never,
  },
  {
    extension: "BINARYMIME",
    isAsked: asksBinary,
    isOffered: isBinaryOffered,
    refusal: { reason: "NeedsBinaryMime", code: 554, status: { class: 5, subject: 6, detail: 3 } },
    canDrop: ({ content }) => !content.isBinary,
    canDowngrade: (given) => !given.content.isBinary && isFree(given),
  },
  {
    extension: "8BITMIME",
    isAsked: (given) => given.content.eightBit && !(asksBinary(given) && isBinaryOffered(given)),
    isOffered: ({ capabilities }) => capabilities.eightBitMime,
    refusal: { reason: "Needs8bitMime" },
  },
  {
    extension: "CHUNKING",
    isAsked: ({ wishes }) => wishes.chunking,
    isOffered: ({ capabilities }) => capabilities.chunking,
    refusal: notOffered("CHUNKING"),
    canDowngrade: always,
  },
  {
    extension: "PIPELINING",
    isAsked: ({ wishes }) => wishes.pipelining,
    isOffered: ({ capabilities }) => capabilities.pipelining,
    refusal: notOffered("PIPELINING"),
    canDowngrade: always,
  },
  {
    extension: "DSN",
    isAsked: ({ envelope: { parameters, recipients } }) =>
      parameters.ret !== undefined || parameters.envid !== undefined ||
      recipients.some(({ parameters }) => parameters.notify !== undefined || parameters.orcpt !== undefined),
    isOffered: ({ capabilities }) => capabilities.dsn,
    refusal: notOffered("DSN"),
  },
  {
    extension: "DELIVERBY",
    isAsked: ({ envelope }) => envelope.parameters.by !== undefined,
    isOffered: ({ capabilities }) => capabilities.deliverBy !== undefined,
    refusal: notOffered("DELIVERBY"),
    canDowngrade: ({ envelope }) => envelope.parameters.by?.mode === "N",
  },
  {
    // The minimum is one for messages that come back (RFC 2852 section 2).
    extension: "DELIVERBY",
    isAsked: ({ envelope, capabilities }) =>
      envelope.parameters.by?.mode === "R" && capabilities.deliverBy?.minimum !== undefined,
    isOffered: ({ envelope, capabilities }) => envelope.parameters.by!.seconds >= capabilities.deliverBy!.minimum!,
    refusal: limitExceeded("DELIVERBY", 555),
  },
  {
    extension: "FUTURERELEASE",
    isAsked: ({ envelope: { parameters } }) => parameters.holdFor !== undefined || parameters.holdUntil !== undefined,
    isOffered: ({ capabilities }) => capabilities.futureRelease !== undefined,
    refusal: notOffered("FUTURERELEASE"),
  },
  {
    extension: "FUTURERELEASE",
    isAsked: ({ capabilities }) => capabilities.futureRelease !== undefined,
    isOffered: ({ envelope: { parameters: { holdFor = 0, holdUntil = "" } }, capabilities }) => {
      const { maxInterval, maxDateTime } = capabilities.futureRelease!;
      return holdFor <= maxInterval && !isLater(holdUntil, maxDateTime);
    },
    refusal: limitExceeded("FUTURERELEASE", 501),
  },
  {
    extension: "MT-PRIORITY",
    isAsked: ({ envelope }) => envelope.parameters.mtPriority !== undefined,
    isOffered: ({ capabilities }) => capabilities.mtPriority !== undefined,
    refusal: notOffered("MT-PRIORITY"),
  },
  {
    extension: "AUTH",
    isAsked: ({ envelope }) => envelope.parameters.auth !== undefined,
    isOffered: ({ capabilities }) => capabilities.keywords.has("AUTH"),
    refusal: notOffered("AUTH"),
  },
];

/** What is done about a requirement that the server does not meet; undefined if the message cannot go. */
const actionFor = (requirement: Requirement, given: Given): Adaptation["action"] | undefined => {
  const action: Action = given.wishes.policy[requirement.extension];
  if (action === "drop") return (requirement.canDrop ?? always)(given) ? "drop" : undefined;
  return action === "downgrade" && (requirement.canDowngrade ?? never)(given) ? "downgrade" : undefined;
};

/** The parameters of MAIL and RCPT that belong to an extension. */
const parametersOf: { readonly [E in Extension]?: ReadonlyArray<keyof MailParameters | keyof RcptParameters> } = {
  REQUIRETLS: ["requireTls"],
  DSN: ["ret", "envid", "notify", "orcpt"],
  DELIVERBY: ["by"],
  FUTURERELEASE: ["holdFor", "holdUntil"],
  "MT-PRIORITY": ["mtPriority"],
  AUTH: ["auth"],
};

const without = <A extends object>(parameters: A, adaptations: ReadonlyArray<Adaptation>): A => {
  if (adaptations.length === 0) return parameters;
  const names: ReadonlyArray<string> = adaptations.flatMap(({ extension }) => parametersOf[extension] ?? []);
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name))) as A;
};

/** What BODY declares; undefined for nothing. */
const bodyOf = (given: Given): BodyType | undefined => {
  const { content, capabilities, envelope } = given;
  if (asksBinary(given) && isBinaryOffered(given)) return "BINARYMIME";
  if (!capabilities.eightBitMime) return undefined;
  return content.eightBit ? "8BITMIME" : envelope.parameters.body === "7BIT" ? "7BIT" : undefined;
};

const isNone = (parameters: object): boolean => {
  for (const _ in parameters) return false;
  return true;
};

/** Whether a message asks for nothing that a server might not have, so that no requirement needs a look: most are like that. */
const isPlain = ({ envelope, content, wishes }: Given): boolean => {
  if (content.eightBit || content.isBinary || wishes.chunking || wishes.pipelining) return false;
  if (!isNone(envelope.parameters) || isInternational(envelope.reversePath)) return false;
  const { recipients } = envelope;
  for (let index = 0; index < recipients.length; index++) {
    const { path, parameters } = recipients[index]!;
    if (!isNone(parameters) || isInternational(path)) return false;
  }
  return true;
};

/** Such a message as it goes where no size is to be told. */
const bare: Plan = { mail: {}, rcpt: undefined, verb: "DATA", adaptations: [] };

const plainPlan = ({ content, capabilities }: Given): Plan =>
  capabilities.keywords.has("SIZE") && content.size !== undefined ? { ...bare, mail: { size: content.size } } : bare;

/** Holds a message against what the server offers: how it goes, or why it cannot. */
export const plan = (given: Given): Plan | Refusal => {
  const { envelope, content, capabilities, wishes } = given;
  if (capabilities.size !== undefined && content.size !== undefined && content.size > capabilities.size) {
    return { reason: "MessageTooBig", code: 552, status: { class: 5, subject: 3, detail: 4 } };
  }
  if (isPlain(given)) return plainPlan(given);
  const adaptations: Array<Adaptation> = [];
  for (const requirement of requirements) {
    if (!requirement.isAsked(given) || requirement.isOffered(given)) continue;
    const action = actionFor(requirement, given);
    if (action === undefined) return requirement.refusal;
    adaptations.push({ extension: requirement.extension, action });
  }
  const body = bodyOf(given);
  const { body: _, ...asked } = without(envelope.parameters, adaptations);
  const smtputf8 = capabilities.smtputf8 && (needsSmtputf8(envelope) || content.eightBitHeader);
  return {
    mail: {
      ...(capabilities.keywords.has("SIZE") && content.size !== undefined ? { size: content.size } : {}),
      ...asked,
      ...(body === undefined ? {} : { body }),
      ...(smtputf8 ? { smtputf8 } : {}),
    },
    rcpt: envelope.recipients.map(({ parameters }) => without(parameters, adaptations)),
    verb: body === "BINARYMIME" || wishes.chunking && capabilities.chunking ? "BDAT" : "DATA",
    adaptations,
  };
};

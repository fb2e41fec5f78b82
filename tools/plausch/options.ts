/**
 * Command-line options as values: one table drives the parser, the help text and the check for unknown names.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import * as Data from "effect/Data";
import * as Result from "effect/Result";

/** One option of a command. */
export interface Option {
  /** The long name, without dashes. */
  readonly name: string;
  /** The one-letter name, without the dash. */
  readonly short?: string;
  /** What the value is called in the help text; absent for a switch. */
  readonly value?: string;
  /** Whether its value is a secret. Then nothing that was given without an option is repeated in an error: it may be part of it. */
  readonly secret?: boolean;
  /** Whether the option may be given more than once. */
  readonly many?: boolean;
  /** The heading that it stands under in the help text; `Options` if there is none. */
  readonly group?: string;
  /** What it does, in one line. */
  readonly help: string;
}

/** A command: what it is called, what it takes and how it is used. */
export interface CommandLine {
  /** The command's name. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** Names of its positional arguments. The last one may end in `...`: one or more of it. */
  readonly operands: ReadonlyArray<string>;
  /** Its options; `--help` comes by itself. */
  readonly options: ReadonlyArray<Option>;
  /** Command lines worth copying, each with what it is good for. */
  readonly examples: ReadonlyArray<{ readonly line: string; readonly what: string }>;
  /** Further paragraphs of the help text. */
  readonly notes?: ReadonlyArray<string>;
}

/** A command line that cannot be followed. */
export class UsageError extends Data.Error<{
  /** What is wrong, as a sentence without its period. */
  readonly problem: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
}> {
  /** The tag of this error, for `Effect.catchTag`. */
  readonly _tag = "UsageError" as const;
  /** The problem and the hint. */
  override get message(): string {
    return this.hint === undefined ? this.problem : `${this.problem}; ${this.hint}`;
  }
}

/** What was given on the command line. */
export interface Given {
  /** The positional arguments. */
  readonly operands: ReadonlyArray<string>;
  /** Whether an option was given, be it a switch or one with a value. */
  readonly has: (name: string) => boolean;
  /** The value of an option; the last one if it was given more than once. */
  readonly value: (name: string) => string | undefined;
  /** All values of an option. */
  readonly values: (name: string) => ReadonlyArray<string>;
}

const helpOption: Option = { name: "help", short: "h", help: "Print this" };

/**
 * Joins each option that takes a value with the argument after it, so that a value may begin with a hyphen, as `--body -`
 * and an odd address do. Fails where the value is missing, and where a switch is given one.
 */
const joinValues = (
  options: ReadonlyArray<Option>,
  args: ReadonlyArray<string>,
): Result.Result<ReadonlyArray<string>, UsageError> => {
  const byName = new Map<string, Option>(options.flatMap((option) => [
    [`--${option.name}`, option] as const,
    ...(option.short === undefined ? [] : [[`-${option.short}`, option] as const]),
  ]));
  const joined: Array<string> = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--") return Result.succeed([...joined, ...args.slice(at)]);
    const option = byName.get(arg);
    if (option?.value === undefined) {
      const [name = ""] = arg.split("=", 1);
      const isSwitch = name !== arg && byName.has(name) && byName.get(name)?.value === undefined;
      if (isSwitch) {
        const problem = `${name} takes no value, not even "${arg.slice(name.length + 1)}"`;
        return Result.fail(new UsageError({ problem, hint: `write ${name}, or leave it out` }));
      }
      joined.push(arg);
      continue;
    }
    const value = args[++at];
    if (value === undefined || byName.has(value)) {
      const hint = `write --${option.name} ${option.value}`;
      return Result.fail(new UsageError({ problem: `--${option.name} needs a value`, hint }));
    }
    joined.push(`--${option.name}=${value}`);
  }
  return Result.succeed(joined);
};

/** Reads arguments by the command's table. Fails on unknown options, missing or repeated values and surplus operands. */
export const parse = (command: CommandLine, args: ReadonlyArray<string>): Result.Result<Given, UsageError> => {
  const options = [...command.options, helpOption];
  const joined = joinValues(options, args);
  if (Result.isFailure(joined)) return Result.fail(joined.failure);
  const withValue = options.filter((option) => option.value !== undefined).map((option) => option.name);
  const unknown: Array<string> = [];
  const parsed = parseArgs([...joined.success], {
    string: [...withValue, "_"],
    collect: withValue,
    boolean: options.filter((option) => option.value === undefined).map((option) => option.name),
    alias: Object.fromEntries(options.flatMap(({ name, short }) => short === undefined ? [] : [[name, short]])),
    "--": true,
    unknown: (arg, key) => {
      if (key === undefined) return true;
      unknown.push(arg);
      return false;
    },
  }) as { readonly [name: string]: unknown };

  const fail = (problem: string, hint?: string) => Result.fail(new UsageError({ problem, hint }));
  const seeHelp = `see plausch ${command.name} --help`;
  const [stranger] = unknown;
  if (stranger !== undefined) {
    const near = nearest(stranger.replace(/^-+|=.*$/g, ""), options.map(({ name }) => name));
    const hint = near === undefined ? seeHelp : `did you mean --${near}?`;
    return fail(`Unknown option "${stranger.replace(/=.*$/s, "")}" of "plausch ${command.name}"`, hint);
  }
  const values = (name: string): ReadonlyArray<string> => {
    const value = parsed[name];
    return Array.isArray(value) ? value : [];
  };
  const repeated = options.find(({ name, value, many }) =>
    value !== undefined && many !== true && values(name).length > 1
  );
  if (repeated !== undefined) return fail(`--${repeated.name} can be given only once`);
  const operands = [...parsed["_"] as ReadonlyArray<string | number>, ...parsed["--"] as ReadonlyArray<string>].map(
    String,
  );
  const isMany = command.operands.at(-1)?.endsWith("...") === true;
  const isRight = operands.length === command.operands.length || (isMany && operands.length > command.operands.length);
  if (parsed["help"] !== true && !isRight) {
    const wanted = command.operands.length === 0 ? "no argument" : command.operands.join(" ");
    const isSecret = options.some(({ name, secret }) => secret === true && values(name).length > 0);
    const got = operands.length === 0 ? "none" : isSecret ? "more" : `"${operands.join(" ")}"`;
    const hint = isSecret ? "put a password with spaces into quotes" : seeHelp;
    return fail(`"plausch ${command.name}" takes ${wanted}, not ${got}`, hint);
  }
  return Result.succeed({
    operands,
    has: (name) => parsed[name] === true || values(name).length > 0,
    value: (name) => values(name).at(-1),
    values,
  });
};

/** The name that a misspelt one most likely means: up to two letters are wrong, or one in a short name. */
export const nearest = (name: string, names: ReadonlyArray<string>): string | undefined => {
  const ranked = names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= (best.candidate.length < 4 ? 1 : 2) ? best.candidate : undefined;
};

/**
 * How many letters must be inserted, dropped, changed or swapped with their neighbour to make one word of the other (optimal string
 * alignment).
 */
const editDistance = (a: string, b: string): number => {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const above = rows[i - 1]!;
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? rows[i - 2]![j - 2]! + 1 : Infinity;
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, changed, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
};

/** The help text of a command, at most 80 columns wide, its options under their headings. */
export const help = (command: CommandLine): string => {
  const groups = new Map<string, Array<Option>>();
  for (const option of command.options) {
    const { group = "Options" } = option;
    groups.set(group, [...groups.get(group) ?? [], option]);
  }
  const left = Math.min(30, Math.max(0, ...command.options.map((option) => columnOf(option).length)) + 2);
  const options = [...groups].flatMap(([group, members]) => [
    "",
    group,
    ...members.flatMap((option) => describe(option, left)),
  ]);
  const usage = ["plausch", command.name, ...command.operands, ...(options.length > 0 ? ["[options]"] : [])].join(" ");
  return [
    `${usage}`,
    "",
    ...wrap(command.summary, 80),
    ...options,
    ...(command.notes ?? []).flatMap((note) => ["", ...wrap(note, 80)]),
    "",
    "Examples",
    ...command.examples.flatMap(({ line, what }) => [`  ${line}`, `      ${what}`]),
  ].join("\n");
};

/** The name of an option as the help text has it. */
const columnOf = ({ short, name, value }: Option): string =>
  `  ${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;

/** An option's name, and what it does beside it, or below where the name is too long. */
const describe = (option: Option, left: number): ReadonlyArray<string> => {
  const column = columnOf(option);
  const text = wrap(option.many === true ? `${option.help}; may be repeated` : option.help, 80 - left);
  const beside = column.length + 2 <= left ? text.shift() ?? "" : undefined;
  const indented = text.map((line) => " ".repeat(left) + line);
  return [beside === undefined ? column : column.padEnd(left) + beside, ...indented];
};

/** A text in lines of at most so many columns, but for words that are longer. */
export const wrap = (text: string, width: number): Array<string> => {
  const lines: Array<string> = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
};

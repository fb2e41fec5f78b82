/**
 * A stand-in for `@std/cli/parse-args`, so that this checkout runs from npm alone: what the genuine {@link parseArgs} does
 * with a command line, and types that accept no program that the genuine ones refuse.
 *
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 * import { assertEquals } from "@std/assert";
 *
 * const args = parseArgs(["--to", "a@example.org", "--to=b@example.org", "-q", "rest"], {
 *   string: ["to"],
 *   boolean: ["quiet"],
 *   collect: ["to"],
 *   alias: { quiet: "q" },
 * });
 * assertEquals(args.to, ["a@example.org", "b@example.org"]);
 * assertEquals(args.quiet, true);
 * assertEquals(args._, ["rest"]);
 * ```
 *
 * @module
 */

type Names = string | undefined;
type Aliases = { readonly [name: string]: string | ReadonlyArray<string> };

/** The names that a type can tell: not a plain `string`, and not a dotted name, which the parser nests. */
type Known<TNames> = TNames extends string
  ? string extends TNames ? never : TNames extends `${string}.${string}` ? never : TNames
  : never;

type Flat<T> = { [TName in keyof T]: T[TName] };

/** `false` for the names that `--no-` may turn off. */
type Off<TName, TNegatable> = TName extends TNegatable ? false : never;

/** What the declared options hold, before defaults and aliases. */
type Declared<TBooleans, TStrings, TCollectable, TNegatable> =
  & { [TName in Known<Exclude<TBooleans, TCollectable>>]: boolean }
  & { [TName in Known<Extract<TBooleans, TCollectable>>]: Array<boolean> }
  & { [TName in Known<Exclude<TStrings, TCollectable>>]?: string | Off<TName, TNegatable> }
  & { [TName in Known<Extract<TStrings, TCollectable>>]: Array<string> | Off<TName, TNegatable> }
  & { [TName in Known<Exclude<TCollectable, TBooleans | TStrings>>]: Array<unknown> | Off<TName, TNegatable> };

/** An option with a default is never undefined, and may be what the default is. */
type WithDefaults<TArgs, TDefaults> = TDefaults extends Record<string, unknown> ?
    & Omit<TArgs, keyof TDefaults>
    & {
      [TName in keyof TDefaults]: TName extends keyof TArgs ? TDefaults[TName] | NonNullable<TArgs[TName]> : unknown;
    }
  : TArgs;

/** The other names of an option. */
type AliasesOf<TName, TAliases> = TName extends keyof TAliases
  ? TAliases[TName] extends infer TAlias ? TAlias extends ReadonlyArray<string> ? Known<TAlias[number]> : Known<TAlias>
  : never
  : never;

type WithAliases<TArgs, TAliases> = {
  [TName in keyof TArgs as TName | AliasesOf<TName, TAliases>]: TArgs[TName];
};

type Values<TBooleans, TStrings, TCollectable, TNegatable, TDefaults, TAliases> =
  & Record<string, unknown>
  & WithAliases<WithDefaults<Flat<Declared<TBooleans, TStrings, TCollectable, TNegatable>>, TDefaults>, TAliases>;

/** What {@link parseArgs} returns: the options by name, and what is no option in `_`. */
export type Args<
  // deno-lint-ignore no-explicit-any -- as the genuine one
  TArgs extends Record<string, unknown> = Record<string, any>,
  TDoubleDash extends boolean | undefined = undefined,
> = Flat<
  & TArgs
  & {
    /** The arguments that belong to no option. One that looks like a number is a number, unless `_` is a string option. */
    _: Array<string | number>;
  }
  & (true extends TDoubleDash ? false extends TDoubleDash ? DoubleDash : Required<DoubleDash> : unknown)
>;

type DoubleDash = {
  /** The arguments behind `--`. */
  "--"?: Array<string>;
};

/** What {@link parseArgs} is told of the command line. Every list may be one name alone. */
export interface ParseOptions<
  TBooleans extends Names | boolean = Names | boolean,
  TStrings extends Names = Names,
  TCollectable extends Names = Names,
  TNegatable extends Names = Names,
  TDefaults extends Record<string, unknown> | undefined = Record<string, unknown> | undefined,
  TAliases extends Aliases | undefined = Aliases | undefined,
  TDoubleDash extends boolean | undefined = boolean | undefined,
> {
  /** Puts the arguments behind `--` into `"--"`, not into `_`. */
  "--"?: TDoubleDash;
  /** Other names for an option, by name. */
  alias?: TAliases;
  /** Options without a value; false if not given. `true`: all long options are, unless they have a `=`. */
  boolean?: TBooleans | ReadonlyArray<Extract<TBooleans, string>>;
  /** Values for options that are not given, by name. */
  default?: TDefaults;
  /** Reads no option behind the first argument that is none. */
  stopEarly?: boolean;
  /** Options whose value is a text, even where it looks like a number; `""` if the value is missing. */
  string?: TStrings | ReadonlyArray<Extract<TStrings, string>>;
  /** Options that may be given more than once: their values are a list. */
  collect?: TCollectable | ReadonlyArray<Extract<TCollectable, string>>;
  /** Options that `--no-NAME` turns to false. */
  negatable?: TNegatable | ReadonlyArray<Extract<TNegatable, string>>;
  /**
   * Called with every option that is not declared (the argument, its name and value) and every argument that is no option
   * (the argument alone). What it returns false for is left out of the result.
   */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

type Value = string | number | boolean;
type Nested = Record<string, unknown>;

const isNumeric = (text: string): boolean => text.trim() !== "" && Number.isFinite(Number(text));
const isTrueOrFalse = (text: string): boolean => text === "true" || text === "false";
const list = (value: unknown): ReadonlyArray<string> =>
  [value].flat().filter((name): name is string => typeof name === "string" && name !== "");

/** The parser must not be led to an object's prototype by an option's name. */
const isForbidden = (key: string): boolean => key === "__proto__" || key === "constructor";

const has = (target: Nested, path: string): boolean => {
  let at: unknown = target;
  return path.split(".").every((key) => {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Nested)[key];
    return true;
  });
};

/** Puts a value under a dotted path. */
const put = (target: Nested, path: string, value: unknown, collect: boolean): void => {
  const keys = path.split(".");
  if (keys.some(isForbidden)) return;
  const last = keys.pop()!;
  let at = target;
  for (const key of keys) {
    if (!Object.hasOwn(at, key) || at[key] === undefined || at[key] === null) at[key] = {};
    at = at[key] as Nested;
  }
  if (!collect) {
    at[last] = value;
    return;
  }
  const before = Object.hasOwn(at, last) ? at[last] : undefined;
  if (Array.isArray(before)) before.push(value);
  else at[last] = before ? [before, value] : [value];
};

/** Every name with its other names, in both directions. */
const groupAliases = (alias: Aliases): ReadonlyMap<string, ReadonlyArray<string>> => {
  const groups = new Map<string, ReadonlyArray<string>>();
  for (const [name, others] of Object.entries(alias)) {
    if (others === undefined) throw new TypeError(`Cannot parse arguments: the alias of "${name}" is undefined`);
    const all = [name, ...list(others)];
    for (const one of all) groups.set(one, all.filter((other) => other !== one));
  }
  return groups;
};

/** A long option's parts. A name is never empty: `--=a` has the name `=a`. */
const splitLong = (arg: string): { key: string; value: string | undefined; isNegated: boolean } => {
  const isNegated = arg.startsWith("--no-") && arg.length > 5;
  const text = arg.slice(isNegated ? 5 : 2);
  const equals = text.indexOf("=", 1);
  return equals < 0
    ? { key: text, value: undefined, isNegated }
    : { key: text.slice(0, equals), value: text.slice(equals + 1), isNegated };
};

/**
 * A group of short options (`-abc`): each letter with the value that is glued to it, if any. What is left is the last letter,
 * whose value may be the next argument.
 */
const splitShort = (
  group: string,
): { glued: ReadonlyArray<[string, string | undefined]>; last: string | undefined } => {
  const glued: Array<[string, string | undefined]> = [];
  for (let at = 0; at < group.length - 1; at++) {
    const letter = group.charAt(at);
    const rest = group.slice(at + 1);
    const isLetter = /[A-Za-z]/.test(letter);
    const assigned = isLetter ? /=(.+)/.exec(rest)?.[1] : undefined;
    const value = rest === "="
      ? ""
      : assigned ?? (isLetter && /\d(?:\.\d*)?(?:e-?\d+)?$/.test(rest) ? rest : undefined);
    if (rest === "-") return { glued: [...glued, [letter, "-"]], last: undefined };
    const isSymbolNext = rest.length > 1 && /\W/.test(rest.charAt(0));
    if (value !== undefined || isSymbolNext) return { glued: [...glued, [letter, value ?? rest]], last: undefined };
    glued.push([letter, undefined]);
  }
  const last = group.charAt(group.length - 1);
  return { glued, last: last === "-" ? undefined : last };
};

/**
 * Reads a command line.
 *
 * `--name value`, `--name=value`, `--name`, `--no-name`, `-n value`, `-nvalue` (a number or a symbol first), `-abc`, and `--`,
 * behind which nothing is an option. Options that are not declared are taken too: hand in `unknown` to refuse them.
 *
 * @param args The arguments, without the program's name.
 * @param options The options there are.
 * @returns The values by name, and under `_` what is no option.
 * @throws {TypeError} If an alias is undefined, or a dotted name leads into a value that holds no other.
 *
 * @example
 * ```ts
 * import { parseArgs } from "@std/cli/parse-args";
 * import { assertEquals } from "@std/assert";
 *
 * const args = parseArgs(["--port=2525", "--no-color", "example.org"], {
 *   string: ["port"],
 *   boolean: ["color"],
 *   negatable: ["color"],
 *   default: { color: true },
 * });
 * assertEquals(args, { port: "2525", color: false, _: ["example.org"] });
 * ```
 */
export function parseArgs<
  const TBooleans extends Names | boolean = undefined,
  const TStrings extends Names = undefined,
  const TCollectable extends Names = undefined,
  const TNegatable extends Names = undefined,
  TDefaults extends Record<string, unknown> | undefined = undefined,
  const TAliases extends Aliases | undefined = undefined,
  TDoubleDash extends boolean | undefined = undefined,
>(
  args: ReadonlyArray<string>,
  options: ParseOptions<TBooleans, TStrings, TCollectable, TNegatable, TDefaults, TAliases, TDoubleDash> = {},
): Args<Values<TBooleans, TStrings, TCollectable, TNegatable, TDefaults, TAliases>, TDoubleDash> {
  const aliases = groupAliases(options.alias ?? {});
  const aliasesOf = (name: string) => aliases.get(name) ?? [];
  const withAliases = (names: unknown) => new Set(list(names).flatMap((name) => [name, ...aliasesOf(name)]));
  const booleans = withAliases(options.boolean);
  const strings = withAliases(options.string);
  const collected = withAliases(options.collect);
  const negatable = withAliases(options.negatable);
  const isDeclared = (key: string) => booleans.has(key) || strings.has(key) || collected.has(key) || aliases.has(key);
  const isBoolean = (key: string) => booleans.has(key) || aliasesOf(key).some((other) => booleans.has(other));

  const positional: Array<string | number> = [];
  const parsed: Nested = {};

  const set = (arg: string, key: string, value: Value, collect = true): void => {
    const isCovered = isDeclared(key) || (options.boolean === true && /^--[^=]+$/.test(arg));
    if (!isCovered && options.unknown?.(arg, key, value) === false) return;
    const typed = typeof value === "string" && !strings.has(key) && isNumeric(value) ? Number(value) : value;
    for (const name of [key, ...aliasesOf(key)]) put(parsed, name, typed, collect && collected.has(key));
  };
  const setBare = (arg: string, key: string) => set(arg, key, strings.has(key) ? "" : true);

  const end = args.indexOf("--");
  const front = end < 0 ? args : args.slice(0, end);
  const behind = end < 0 ? [] : args.slice(end + 1);

  let at = 0;
  /** Gives the option the next argument if that can be its value. Only `true` and `false` can be a boolean's. */
  const setWithNext = (arg: string, key: string, takesNext: (next: string) => boolean): void => {
    const next = front[at];
    if (next !== undefined && next !== "" && (takesNext(next) || isTrueOrFalse(next))) {
      at++;
      set(arg, key, takesNext(next) ? next : next === "true");
    } else setBare(arg, key);
  };

  while (at < front.length) {
    const arg = front[at++]!;
    if (arg.startsWith("--")) {
      const { key, value, isNegated } = splitLong(arg);
      if (value !== undefined) set(arg, key, booleans.has(key) ? value !== "false" : value);
      else if (isNegated && negatable.has(key)) set(arg, key, false, false);
      else {
        const name = isNegated ? `no-${key}` : key;
        setWithNext(arg, name, (next) => !next.startsWith("-") && options.boolean !== true && !isBoolean(name));
      }
    } else if (arg.startsWith("-") && arg !== "-") {
      const { glued, last } = splitShort(arg.slice(1));
      for (const [key, value] of glued) value === undefined ? setBare(arg, key) : set(arg, key, value);
      if (last !== undefined) setWithNext(arg, last, (next) => !/^--?[^-]/.test(next) && !isBoolean(last));
    } else {
      if (options.unknown?.(arg) !== false) positional.push(strings.has("_") || !isNumeric(arg) ? arg : Number(arg));
      if (options.stopEarly) break;
    }
  }
  positional.push(...front.slice(at));

  for (const [name, value] of Object.entries(options.default ?? {})) {
    if (has(parsed, name)) continue;
    for (const one of [name, ...aliasesOf(name)]) put(parsed, one, value, false);
  }
  for (const name of booleans) if (!has(parsed, name)) put(parsed, name, collected.has(name) ? [] : false, false);
  for (const name of strings) if (!has(parsed, name) && collected.has(name)) put(parsed, name, [], false);

  parsed["_"] = positional;
  if (options["--"]) parsed["--"] = behind;
  else positional.push(...behind);
  return parsed as Args<Values<TBooleans, TStrings, TCollectable, TNegatable, TDefaults, TAliases>, TDoubleDash>;
}

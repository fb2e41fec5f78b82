/** The same value, where NaN is itself and the two zeros are one. */
const same = (a: unknown, b: unknown): boolean => a === b || Object.is(a, b);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** What an object is an instance of. An object without a prototype counts as a plain one. */
const kind = (value: object): unknown => Object.getPrototypeOf(value) ?? Object.prototype;

const TypedArray: abstract new () => Uint8Array = Object.getPrototypeOf(
  Uint8Array,
);

/** The elements of binary data; undefined for anything else. */
const elements = (value: object): ArrayLike<unknown> | undefined =>
  value instanceof TypedArray
    ? value
    : value instanceof ArrayBuffer || value instanceof SharedArrayBuffer
    ? new Uint8Array(value)
    : undefined;

/** Objects whose state shows in their text and not in their keys. */
const isTextual = (value: object): boolean =>
  value instanceof RegExp || value instanceof URL ||
  value instanceof URLSearchParams;

/** Every key that a plain object or an array holds itself and shows. */
const shownKeys = (value: object): ReadonlyArray<PropertyKey> => [
  ...Object.keys(value),
  ...Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key)),
];

/** Every key of an instance, its own and those of its classes: this is how getters take part. */
const allKeys = (value: object): ReadonlyArray<PropertyKey> => {
  const keys: Array<PropertyKey> = [];
  let at: object | null = value;
  while (at !== null && at !== Object.prototype && at !== Array.prototype) {
    keys.push(...Reflect.ownKeys(at));
    at = Object.getPrototypeOf(at);
  }
  return keys;
};

const compareEntries = (
  a: Iterable<readonly [unknown, unknown]>,
  b: ReadonlyArray<readonly [unknown, unknown]>,
  get: (key: unknown) => readonly [unknown, unknown] | undefined,
  open: Map<object, object>,
): boolean => {
  for (const [key, value] of a) {
    const twin = isObject(key) ? undefined : get(key);
    const candidates = twin !== undefined ? [twin] : isObject(key) ? b : [];
    if (
      !candidates.some((other) => compare(key, other[0], open) && compare(value, other[1], open))
    ) return false;
  }
  return true;
};

const compareKeys = (
  a: object,
  b: object,
  keysOf: (value: object) => ReadonlyArray<PropertyKey>,
  open: Map<object, object>,
): boolean => {
  for (const key of new Set([...keysOf(a), ...keysOf(b)])) {
    if ((key in a) !== (key in b)) return false;
    if (!compare(Reflect.get(a, key), Reflect.get(b, key), open)) return false;
  }
  return true;
};

/** `open` holds the pairs under comparison, so that values that contain themselves end. */
const compare = (
  a: unknown,
  b: unknown,
  open: Map<object, object>,
): boolean => {
  if (same(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Date && b instanceof Date) {
    return same(a.getTime(), b.getTime());
  }
  if (kind(a) !== kind(b)) return false;

  const [left, right] = [elements(a), elements(b)];
  if (left !== undefined && right !== undefined) {
    return left.length === right.length &&
      Array.prototype.every.call(left, (value, at) => same(value, right[at]));
  }
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(
      `Cannot compare ${a.constructor.name} instances: their content cannot be read`,
    );
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return compare(a.deref(), b.deref(), open);
  }

  if (open.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  open.set(a, b);

  if (a instanceof Map && b instanceof Map) {
    const twin = (key: unknown) => b.has(key) ? [key, b.get(key)] as const : undefined;
    return a.size === b.size && compareEntries(a, [...b], twin, open);
  }
  if (a instanceof Set && b instanceof Set) {
    const twin = (key: unknown) => b.has(key) ? [key, key] as const : undefined;
    return a.size === b.size &&
      compareEntries(a.entries(), [...b.entries()], twin, open);
  }
  if (kind(a) === Object.prototype || kind(a) === Array.prototype) {
    return compareKeys(a, b, shownKeys, open);
  }
  return isTextual(a) ? String(a) === String(b) : compareKeys(a, b, allKeys, open);
};

/**
 * Whether two values are equal by content, all the way down, as `assertEquals` of `@std/assert` understands it: a key that
 * holds undefined is not a missing key, instances of different classes differ, the order of keys does not matter.
 */
export const equal = (a: unknown, b: unknown): boolean => compare(a, b, new Map());

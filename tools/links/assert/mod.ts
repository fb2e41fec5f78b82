// First light: tools/links is finished by its own commit.
import * as strict from "node:assert/strict";
export class AssertionError extends Error {}
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  strict.deepStrictEqual(actual, expected, msg);
}

/**
 * What `docs_test.ts` shows to the check of documentation: half of it lacks something.
 *
 * @module
 */

/**
 * Whole.
 *
 * @example Once
 * ```ts ignore
 * assertEquals(1, 1);
 * ```
 *
 * @example Twice
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(1, 1);
 * ```
 */
export const whole = (value: number): number => value;
export const bare = (value: number): number => value;

/** Without example. */
export function idle(value: number): number {
  return value;
}

/** Half. */
export interface Half {
  readonly bare: number;
  method(): void;
  /** Whole. */
  readonly whole: number;
}

/** Half. */
export class HalfError extends Error {
  readonly _tag = "HalfError" as const;
  #hidden = 1;
  get why(): number {
    return this.#hidden;
  }
  override get message(): string {
    return "";
  }
}

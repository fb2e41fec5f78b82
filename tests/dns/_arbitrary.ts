import * as Arbitrary from "effect/Arbitrary";
import * as Schema from "effect/Schema";

/** Whole numbers. */
export const integer = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })));

/** Octets. */
export const octets = (minLength: number, maxLength: number): Arbitrary.Arbitrary<Uint8Array> =>
  Arbitrary.map(Arbitrary.array(integer(0, 255), { minLength, maxLength }), (list) => Uint8Array.from(list));

/** A name on the wire, with any octets in its labels. */
export const wireName: Arbitrary.Arbitrary<Uint8Array> = Arbitrary.map(
  Arbitrary.array(octets(1, 20), { minLength: 0, maxLength: 8 }),
  (labels) => Uint8Array.from([...labels.flatMap((label) => [label.length, ...label]), 0]),
);

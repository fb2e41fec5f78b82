/**
 * The order of the runs: one of each, then one of each again. What slows the machine down for a while then slows all of
 * them down.
 *
 * @module
 */

/** Runs each contender so often, taking turns, one at a time. The results are in the order of the contenders. */
export const alternate = async <C, R>(
  contenders: ReadonlyArray<C>,
  rounds: number,
  run: (contender: C, round: number) => Promise<R>,
): Promise<ReadonlyArray<ReadonlyArray<R>>> => {
  const results = contenders.map((): Array<R> => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) results[index]!.push(await run(contender, round));
  }
  return results;
};

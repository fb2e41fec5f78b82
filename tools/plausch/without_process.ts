/**
 * Effect is loaded as if there were no `process` of Node.
 *
 * While it is loaded, it asks `process` for Node's async context, to carry it over every wait. Nothing in this program has such a
 * context. But the question alone makes Deno load its module system, its worker threads and what they need, and the answer makes every
 * wait dearer.
 *
 * @module
 */

/** Loads something with `globalThis.process` out of sight, and puts it back. */
export const withoutProcess = async <A>(load: () => Promise<A>): Promise<A> => {
  const process = Object.getOwnPropertyDescriptor(globalThis, "process");
  if (process?.configurable !== true) return await load();
  Object.defineProperty(globalThis, "process", { value: undefined, configurable: true, writable: true });
  try {
    return await load();
  } finally {
    Object.defineProperty(globalThis, "process", process);
  }
};

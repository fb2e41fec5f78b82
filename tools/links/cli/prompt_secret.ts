/**
 * A stand-in for `@std/cli/prompt-secret` of the same version: the same name and types, our own body.
 *
 * ```ts
 * import { promptSecret } from "@std/cli/prompt-secret";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(typeof promptSecret, "function");
 * ```
 *
 * @module
 */

/** How {@linkcode promptSecret} shows what is typed. */
export type PromptSecretOptions = {
  /** What stands for each octet that was typed; nothing is shown if it is empty. Default: `*`. */
  mask?: string;
  /** Whether the line is wiped after the answer. Default: false. */
  clear?: boolean;
};

const encoder = new TextEncoder();
const keys = { lf: 0x0a, cr: 0x0d, backspace: 0x08, delete: 0x7f };
/** Back to the first column, and erase to the end of the line (ECMA-48). */
const eraseLine = "\r\u001b[K";

const show = (text: string): void => void Deno.stdout.writeSync(encoder.encode(text));

/**
 * Asks for a secret on the terminal and waits for Enter, without showing what is typed.
 *
 * @example What a terminal answers
 * ```ts ignore
 * import { promptSecret } from "@std/cli/prompt-secret";
 *
 * const password = promptSecret("Password:", { mask: "" });
 * ```
 *
 * @param message The question; a space follows it.
 * @param options How what is typed is shown.
 * @returns What was typed, or `null` if standard input is no terminal.
 */
export function promptSecret(message: string = "Secret", options: PromptSecretOptions = {}): string | null {
  const { mask = "*", clear = false } = options;
  if (!Deno.stdin.isTerminal()) return null;
  // First, so that nothing is shown of what is typed early. Ctrl-C goes on to interrupt; Windows has no such mode.
  Deno.stdin.setRaw(true, { cbreak: Deno.build.os !== "windows" });
  try {
    show(`${message} `);
    return readLine((length) => {
      if (mask !== "") show(`${eraseLine}${message} ${mask.repeat(length)}`);
    });
  } finally {
    show(clear ? eraseLine : "\n");
    Deno.stdin.setRaw(false);
  }
}

const readLine = (typed: (length: number) => void): string => {
  const octets: Array<number> = [];
  const next = new Uint8Array(1);
  while ((Deno.stdin.readSync(next) ?? 0) > 0) {
    const key = next[0]!;
    if (key === keys.lf || key === keys.cr) break;
    if (key === keys.backspace || key === keys.delete) octets.pop();
    else octets.push(key);
    typed(octets.length);
  }
  return new TextDecoder().decode(new Uint8Array(octets));
};

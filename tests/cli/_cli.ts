import * as Authentication from "@plausch/sink/authentication";
import * as Extension from "@plausch/sink/extension";
import * as Fault from "@plausch/sink/fault";
import type * as Sink from "@plausch/sink/sink";
import { listen } from "@plausch/sink/sink";
import * as Store from "@plausch/sink/store";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Scope from "effect/Scope";
import { assert } from "@std/assert";
import { createHash, X509Certificate } from "node:crypto";
import * as net from "node:net";
import { run } from "../../tools/plausch/cli.ts";
import { commands } from "../../tools/plausch/commands.ts";
import { UsageError } from "../../tools/plausch/options.ts";
import { plain } from "../../tools/plausch/render/paint.ts";
import type { Shell } from "../../tools/plausch/shell.ts";
import { fromFileUrl } from "../support/path.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));

/** What a run of the command line left behind. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const everyPermission: ReadonlyArray<string> = ["-A"];

const denoArgs = (permissions: ReadonlyArray<string>, args: ReadonlyArray<string>): Array<string> => [
  ...["run", "-q", "--no-prompt", ...permissions, "tools/plausch/main.ts", ...args],
];

const start = (args: ReadonlyArray<string>, env: Record<string, string>, permissions = everyPermission) =>
  new Deno.Command(Deno.execPath(), {
    args: denoArgs(permissions, args),
    cwd: root,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

const decode = (octets: Uint8Array): string => new TextDecoder().decode(octets);

/** What a command finds around it. */
export interface Surroundings {
  /** Standard input. */
  readonly stdin?: string;
  /** Environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed when a secret is asked for; without it there is no terminal. */
  readonly typed?: string;
}

/** A shell in these surroundings, and what was printed so far. */
export const shellFor = (
  options: Surroundings,
): { readonly shell: Shell; readonly printed: () => Pick<Ran, "out" | "err"> } => {
  const { env = {} } = options;
  const out: Array<string> = [];
  const err: Array<string> = [];
  const shell: Shell = {
    out: (line) => void out.push(`${line}\n`),
    err: (line) => void err.push(`${line}\n`),
    warn: (text) => void err.push(`=== ${text}\n`),
    paint: plain,
    paintErr: plain,
    readFile: (path) =>
      Effect.tryPromise({
        try: () => Deno.readFile(path),
        catch: (cause) => new UsageError({ problem: `Cannot read "${path}": ${cause}` }),
      }),
    largeFile: (path) =>
      Effect.promise(async () => {
        const { isFile, size } = await Deno.stat(path).catch(() => ({ isFile: false, size: 0 }));
        return isFile && size >= 1024 * 1024
          ? async function* () {
            yield* (await Deno.open(path)).readable;
          }
          : undefined;
      }),
    readInput: Effect.succeed(new TextEncoder().encode(options.stdin ?? "")),
    environment: (variable) => Effect.succeed(env[variable]),
    askSecret: () => Effect.sync(() => options.typed === undefined ? undefined : Redacted.make(options.typed)),
    hostname: Effect.succeed("client.test"),
  };
  return { shell, printed: () => ({ out: out.join(""), err: err.join("") }) };
};

/** Runs `plausch` with arguments inside this process: all of it but `main.ts`. */
export const plausch = async (args: ReadonlyArray<string>, options: Surroundings = {}): Promise<Ran> => {
  const { shell, printed } = shellFor(options);
  const code = await Effect.runPromise(run(args, shell, commands));
  return { code, ...printed() };
};

/** Runs `plausch` with arguments, as a process of its own. */
export const plauschProcess = async (
  args: ReadonlyArray<string>,
  options: {
    readonly stdin?: string;
    readonly env?: Record<string, string>;
    readonly permissions?: ReadonlyArray<string>;
  } = {},
): Promise<Ran> => {
  const child = start(args, options.env ?? {}, options.permissions);
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(options.stdin ?? "")).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { code, out: decode(stdout), err: decode(stderr) };
};

/** Runs `plausch`, waits until its output holds a text, and sends it a signal. */
export const plauschUntil = async (args: ReadonlyArray<string>, text: string, signal: Deno.Signal): Promise<Ran> => {
  const child = start(args, {});
  await child.stdin.close();
  const err = new Response(child.stderr).text();
  let out = "";
  let signalled = false;
  for await (const chunk of child.stdout) {
    out += decode(chunk);
    if (signalled || !out.includes(text)) continue;
    signalled = true;
    child.kill(signal);
  }
  const { code } = await child.status;
  return { code, out, err: await err };
};

/** Whether a pseudo-terminal can be had: with `script` of util-linux. */
export const hasTerminal: boolean = await new Deno.Command("script", {
  args: ["--version"],
  stdout: "piped",
  stderr: "null",
})
  .output().then(({ stdout }) => decode(stdout).includes("util-linux"), () => false);

/** Runs `plausch` on a terminal, waits until it shows a text, and types. What it printed comes as `out`. */
export const plauschOnTerminal = async (args: ReadonlyArray<string>, text: string, typed: string): Promise<Ran> => {
  const words = [Deno.execPath(), ...denoArgs(everyPermission, args)];
  const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", command, "/dev/null"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  let out = "";
  let isTyped = false;
  for await (const chunk of child.stdout) {
    out += decode(chunk);
    if (isTyped || !out.includes(text)) continue;
    isTyped = true;
    await writer.write(new TextEncoder().encode(typed));
  }
  await writer.close().catch(() => {});
  const { code } = await child.status;
  return { code, out, err: "" };
};

/** A sink on loopback for the time of one function. */
export const withSink = async <A>(
  use: (sink: Sink.Sink, store: Store.MemoryStore) => Promise<A>,
  options: Partial<Sink.ListenOptions> = {},
): Promise<A> => {
  const store = Store.memory();
  const scope = await Effect.runPromise(Scope.make());
  try {
    const sink = await Effect.runPromise(Scope.provide(listen({ store, ...options }), scope));
    return await use(sink, store);
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void));
  }
};

/** The path of a certificate or key of the tests for sockets: `server.pem` is for mx.example.test, signed by `ca.pem`. */
export const fixture = (name: string): string => fromFileUrl(new URL(`../net/fixtures/${name}`, import.meta.url));

/** What such a file holds. */
export const pem = (name: string): string => Deno.readTextFileSync(fixture(name));

/** The SHA-256 digest of the public key of a certificate in the fixtures. */
export const spkiOf = (name: string): string => {
  const spki = new X509Certificate(pem(name)).publicKey.export({
    type: "spki",
    format: "der",
  });
  return createHash("sha256").update(spki).digest("hex");
};

/** The settings of a server with a certificate out of the fixtures. */
export const certified = (name = "server"): Sink.Tls["options"] => ({
  cert: pem(`${name}.pem`),
  key: Redacted.make(pem("server.key")),
});

/** The user of {@linkcode everything}, and the secret that nothing may ever show. */
export const alice = { user: "alice", password: "wonder-Land 7" };

/** Options of a sink that offers all it can, to anybody. */
export const everything: Partial<Sink.ListenOptions> = {
  host: "mx.example.test",
  offers: Extension.all,
  tls: { options: certified() },
  authentication: { users: Authentication.users({ [alice.user]: Redacted.make(alice.password) }) },
};

/** Fails if anything printed holds the secret, the password of {@linkcode alice} by default, in clear or in base64. */
export const assertSecret = ({ out, err }: Ran, secret: string = alice.password): void => {
  const printed = (out + err).toLowerCase();
  for (let offset = 0; offset < 3; offset++) {
    const shifted = btoa("x".repeat(offset) + secret);
    // The characters at both ends depend on what stands around the password.
    const core = shifted.slice(Math.ceil(offset * 8 / 6), -4);
    assert(!printed.includes(core.toLowerCase()), `the password in base64: ${core}`);
  }
  assert(!printed.includes(secret.toLowerCase()), "the password");
};

/** The faults that these lines name. */
export const faults = (...lines: ReadonlyArray<string>): ReadonlyArray<Fault.Fault> =>
  lines.map((line) => Result.getOrThrow(Fault.fromString(line)));

/** One thing that a scripted server does for each thing that it hears: says it; `null` closes. */
export type Answers = ReadonlyArray<string | null>;

/**
 * A server that greets with the first answer and gives the next one for each line (or message) that it hears; when there are
 * no more, it stays silent. It serves one client.
 */
export const withServer = async <A>(answers: Answers, use: (port: number) => Promise<A>): Promise<A> => {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const left = [...answers];
    const answer = (): void => {
      const next = left.shift();
      if (next === null) socket.end();
      else if (next !== undefined) socket.write(next);
    };
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    let data = false;
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (;;) {
        const end = data ? text.indexOf("\r\n.\r\n") : text.indexOf("\r\n");
        if (end < 0) return;
        const heard = text.slice(0, end);
        text = text.slice(end + (data ? 5 : 2));
        data = !data && heard === "DATA" && left[0]?.startsWith("354") === true;
        answer();
      }
    });
    answer();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use((server.address() as net.AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
};

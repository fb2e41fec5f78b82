import type * as Zone from "@plausch/dns/zone";
import type * as Sink from "@plausch/sink/sink";
import type { MemoryStore } from "@plausch/sink/store";
import { withNameServer } from "../support/name_server.ts";
import { plausch, type Ran, withSink } from "./_cli.ts";

/** What the DNS says, and who listens where. */
export interface World {
  /** Names as in a zone; `_PORT` stands for the port of the mail exchangers. */
  readonly records: Zone.StaticZone["records"];
  /** Whether DNSSEC proves it all. */
  readonly authenticated?: boolean;
  /** The mail exchangers by address, all at one port. */
  readonly hosts: { readonly [address: string]: Partial<Sink.ListenOptions> };
}

/** The way to the mail exchangers of a world. */
export interface Route {
  /** The arguments that lead there, and a sender. */
  readonly args: ReadonlyArray<string>;
  readonly port: number;
  /** What each mail exchanger has stored. */
  readonly stores: ReadonlyMap<string, MemoryStore>;
  /** What the name server was asked. */
  readonly asked: ReadonlyArray<string>;
}

/** Nobody listens there. */
const deadPort = 1;

/** Builds a world on this machine for the time of one function. */
export const withRoute = <A>(
  { records, authenticated, hosts }: World,
  use: (route: Route) => Promise<A>,
): Promise<A> => {
  const stores = new Map<string, MemoryStore>();
  const atPort = (port: number): Promise<A> => {
    const own = Object.entries(records).map(([name, record]) => [name.replace("_PORT", `_${port}`), record]);
    return withNameServer({ authenticated, records: Object.fromEntries(own) }, ({ server, asked }) => {
      const where = ["--dns", server, "--port", `${port}`, "--allow-local"];
      return use({ args: [...where, "--helo", "client.test", "-f", "me@x.test"], port, stores, asked });
    });
  };
  const listen = ([first, ...others]: ReadonlyArray<string>, port: number): Promise<A> =>
    first === undefined ? atPort(port) : withSink((sink, store) => {
      stores.set(first, store);
      return listen(others, sink.port);
    }, { address: first, port, ...hosts[first] });
  return listen(Object.keys(hosts), Object.keys(hosts).length === 0 ? deadPort : 0);
};

/** What was printed, with names in place of what is another one each time. */
export const withoutChance = ({ out, err, code }: Ran, { port }: Pick<Route, "port">): Ran => {
  const plain = (text: string): string =>
    text.replace(new RegExp(`(?<=[\\d\\]]):${port}\\b`, "g"), ":PORT").replace(/Stored as [\w-]+/g, "Stored").replace(
      /^<[-~] {2}250-.*\n/gm,
      "",
    );
  return { code, out: plain(out), err: plain(err) };
};

/** Sends a short message in a world. */
export const sendIn = (world: World, args: ReadonlyArray<string>): Promise<Ran & Pick<Route, "asked" | "stores">> =>
  withRoute(world, async (route) => {
    const { asked, stores } = route;
    return {
      ...withoutChance(
        await plausch(["send", ...route.args, "--data", "-", ...args], { stdin: "Subject: t\n\nhello\n" }),
        route,
      ),
      asked,
      stores,
    };
  });

/** A port of this machine that takes no more connections: a dial to it has no end. */
export const withBlackHole = async <A>(use: (port: number) => Promise<A>): Promise<A> => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const waiting: Array<Deno.Conn> = [];
  // The system takes these two by itself, and has no room for another.
  for (let at = 0; at < 2; at++) waiting.push(await Deno.connect({ hostname: "127.0.0.1", port }));
  try {
    return await use(port);
  } finally {
    for (const connection of waiting) connection.close();
    listener.close();
  }
};

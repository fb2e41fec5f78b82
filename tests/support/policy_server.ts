import * as http from "node:http";
import * as https from "node:https";
import type * as net from "node:net";

/** A policy host over real HTTPS. */
export interface PolicyServer {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** What it was asked for: Host and path. */
  readonly asked: Array<string>;
}

/** What it answers for a host: a policy, or a whole response; 404 where nothing is known. */
export type Policies = Readonly<
  Record<string, string | { readonly status: number; readonly headers: http.OutgoingHttpHeaders }>
>;

/** Runs a policy host for the time of one function, with this certificate and key in PEM. */
export const withPolicyServer = async (
  { cert, key, policies }: { readonly cert: string; readonly key: string; readonly policies: Policies },
  use: (server: PolicyServer) => Promise<void>,
): Promise<void> => {
  const asked: Array<string> = [];
  const sockets = new Set<net.Socket>();
  const server = https.createServer({ cert, key }, (request, response) => {
    const host = request.headers.host ?? "";
    asked.push(`${host}${request.url}`);
    const policy = policies[host];
    if (typeof policy === "string") {
      response.writeHead(200, { "content-type": "text/plain" }).end(policy);
    } else response.writeHead(policy?.status ?? 404, policy?.headers ?? {}).end(http.STATUS_CODES[404]);
  });
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use({ port: (server.address() as net.AddressInfo).port, asked });
  } finally {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  }
};

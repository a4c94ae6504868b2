// The real machine's loopback as the world of the network contract.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { clientCertificateChain } from "#simulator/loopback/serve-tls.ts";
import type { NetworkUnderTest, OpenTlsServer, TlsServerKind } from "./network.contract.ts";
import { type IssuedCertificate, TestAuthority } from "./test-authority.ts";

const serverAddress = "127.0.0.1";
const serverName = "cloud.postern.example";
const dayMs = 86_400_000;
/** Loopback answers a connection within this time, or its listen queue is full. */
const queueProbeMs = 100;

const authority = new TestAuthority();

function certificateOf(kind: TlsServerKind): IssuedCertificate {
  const ago = (days: number): Date => new Date(Date.now() - days * dayMs);
  const names = [serverName, serverAddress];
  switch (kind) {
    case "good":
      return authority.issue({ names });
    case "unknown-authority":
      return new TestAuthority("Somebody else").issue({ names });
    case "wrong-name":
      return authority.issue({ names: ["another.example"] });
    case "expired":
      return authority.issue({ names, notBefore: ago(30), notAfter: ago(1) });
    case "not-yet-valid":
      return authority.issue({ names, notBefore: ago(-1), notAfter: ago(-30) });
    default:
      return kind satisfies never;
  }
}

/** A process that listens, takes one connection into its queue and is then frozen: later ones get no answer. */
const silentProgram = `
  const server = require("node:net").createServer();
  server.listen({ host: "${serverAddress}", port: 0, backlog: 1 }, () => console.log(server.address().port));
`;

/** What a gateway may show, and what it cannot. */
export function clientCertificates(): Pick<NetworkUnderTest, "clientCertificate" | "unusableClientCertificates"> {
  const { certPem, keyPem } = authority.issue({ names: ["gw-0001"] });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const strangers = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  return {
    clientCertificate: { chain: certPem + authority.caPem, privateKey: keyPem },
    unusableClientCertificates: [
      { chain: certPem, privateKey: strangers },
      { chain: certPem, privateKey: "no key" },
      { chain: "no certificate", privateKey: keyPem },
    ],
  };
}

export async function makeLinuxWorld(): Promise<NetworkUnderTest> {
  const network = openLinuxNetwork();
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const children: ChildProcess[] = [];

  const openTlsServer: NetworkUnderTest["openTlsServer"] = async (kind, options = {}) => {
    const { certPem, keyPem } = certificateOf(kind);
    const { asksForClientCertificate: requestCert = false, version: maxVersion = "TLSv1.3" } = options;
    const asks = requestCert ? { requestCert: true, rejectUnauthorized: false } : {};
    const rest = { ...asks, honorCipherOrder: false, maxVersion };
    const peers: OpenTlsServer["peers"][number][] = [];
    const server = createServer({ cert: certPem, key: keyPem, allowHalfOpen: true, ...rest }, (socket) => {
      const chain = clientCertificateChain(socket);
      const shown = chain === undefined ? {} : { clientCertificateChain: chain };
      peers.push({ cipher: socket.getCipher().name, ...shown });
      socket.on("error", () => socket.destroy());
      socket.write("hello ");
      socket.pipe(socket);
    });
    server.on("connection", (socket: Socket) => sockets.add(socket));
    server.listen(0, serverAddress);
    await once(server, "listening");
    servers.push(server);
    return { address: serverAddress, port: (server.address() as AddressInfo).port, peers };
  };

  const openSilentTarget: NetworkUnderTest["openSilentTarget"] = async () => {
    const child = spawn(process.execPath, ["-e", silentProgram], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const target = { address: serverAddress, port: Number(line.toString()) };
    child.kill("SIGSTOP");
    while (await answers(target, sockets));
    return target;
  };

  return {
    dialer: network,
    server: network,
    serverAddress,
    foreignAddress: "192.0.2.7",
    openSilentTarget,
    openTlsServer,
    ...clientCertificates(),
    tls: { serverName, extraAuthorities: [authority.caPem] },
    names: { known: "localhost", addresses: ["127.0.0.1", "::1"], unknown: "nothing.invalid" },
    settles: (promise) => promise,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) await new Promise((resolve) => server.close(resolve));
      for (const child of children) {
        child.kill("SIGKILL");
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      }
    },
  };
}

/** Puts one more connection into the frozen process's queue; false once the queue is full. */
async function answers(target: { readonly address: string; readonly port: number }, sockets: Set<Socket>) {
  const socket = connect(target.port, target.address);
  socket.on("error", () => {});
  sockets.add(socket);
  const timer = setTimeout(() => socket.destroy(), queueProbeMs);
  return await new Promise<boolean>((resolve) => {
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(true);
    });
    socket.once("close", () => resolve(false));
  });
}

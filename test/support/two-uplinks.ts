// A gateway with two ways to the internet and a LAN, as network namespaces with real routers between. Needs root.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type LogLine, Program, repositoryRoot } from "./processes.ts";
import type { UplinksCommand } from "./uplinks-program.ts";

/** As the program dials it. */
const serverPort = 7000;

/** The gateway's address on each uplink, by protocol; a router drops whatever has another. */
export const sources = {
  up1: { ipv4: "10.213.1.2", ipv6: "fd13:1::2" },
  up2: { ipv4: "10.213.2.2", ipv6: "fd13:2::2" },
} as const;
/** Beyond both routers. */
export const far = { ipv4: "203.0.113.9", ipv6: "2001:db8:9::9" } as const;
/** On the gateway's own LAN. */
export const panel = "192.168.213.11";

/** Says to each connection where it comes from, and again to each line. */
const serverProgram = `
  require("node:net").createServer((socket) => {
    const say = () => socket.write(socket.remoteAddress.replace("::ffff:", "") + "\\n");
    socket.on("error", () => {}).on("data", say);
    say();
  }).listen({ port: ${serverPort}, host: "::" }, () => console.log('{"event":"listening"}'));
`;

export class TwoUplinks {
  readonly #prefix = `pu${process.pid}`;
  readonly #servers: Program[] = [];

  static async make(): Promise<TwoUplinks> {
    const made = new TwoUplinks();
    try {
      made.#wire();
      await made.#serve();
    } catch (error) {
      await made.remove();
      throw error;
    }
    return made;
  }

  /** Starts the gateway's program; `as`: before the command, to take rights from it. */
  async startProgram(...as: readonly string[]): Promise<UplinksProgram> {
    const program = join(repositoryRoot, "test/support/uplinks-program.ts");
    const child = spawn("ip", ["netns", "exec", this.#name("gw"), ...as, process.execPath, program], {
      cwd: repositoryRoot,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const started = new UplinksProgram(child);
    await started.event("ready");
    return started;
  }

  /** Runs a program of ours on the gateway, or beyond the routers. */
  runs(where: "gw" | "net", name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const command = ["netns", "exec", this.#name(where), process.execPath, join(repositoryRoot, "bin/postern.mjs")];
    return new Program(name, "ip", [...command, ...args], { env });
  }

  /** A cable from this machine to beyond the routers, for who watches. */
  plugIn(near: string, there: string): void {
    const [end, other] = [`${this.#prefix}a`, "watch"];
    execFileSync("ip", ["link", "add", end, "type", "veth", "peer", "name", other, "netns", this.#name("net")]);
    execFileSync("ip", ["addr", "add", `${near}/30`, "dev", end]);
    execFileSync("ip", ["link", "set", end, "up"]);
    this.#on("net", "ip", "addr", "add", `${there}/30`, "dev", other);
    this.#on("net", "ip", "link", "set", other, "up");
  }

  /** The router's line to the internet: the gateway's own cable looks healthy all the while. */
  setLine(uplink: keyof typeof sources, state: "up" | "down"): void {
    const n = uplink === "up1" ? 1 : 2;
    this.#on(`isp${n}`, "ip", "link", "set", "out", state);
    if (state === "up") this.#on(`isp${n}`, "ip", "route", "replace", "default", "via", `198.51.10${n}.2`);
  }

  /** The cable at the router's end. */
  setCable(uplink: keyof typeof sources, state: "up" | "down"): void {
    this.#on(uplink === "up1" ? "isp1" : "isp2", "ip", "link", "set", "in", state);
    // What a router forgets with its cable.
    if (state === "up")
      this.#on(
        uplink === "up1" ? "isp1" : "isp2",
        "ip",
        "-6",
        "addr",
        "replace",
        `fd13:${uplink === "up1" ? 1 : 2}::1/64`,
        "dev",
        "in",
        "nodad",
      );
  }

  /** Runs a program on the gateway. */
  onGateway(command: string, ...args: readonly string[]): string {
    return this.#on("gw", command, ...args);
  }

  /** Rules and routes of the gateway that bear our mark. */
  marks(): string {
    return ["-4", "-6"]
      .flatMap((family) => [
        ...this.onGateway("ip", family, "rule", "show")
          .split("\n")
          .filter((line) => line.includes("proto 219")),
        ...this.onGateway("ip", family, "route", "show", "table", "all", "proto", "219").split("\n"),
      ])
      .filter((line) => line.trim() !== "")
      .join("\n");
  }

  async remove(): Promise<void> {
    for (const server of this.#servers) await server.stop("SIGKILL");
    for (const short of ["gw", "isp1", "isp2", "net", "lan"]) {
      try {
        execFileSync("ip", ["netns", "del", this.#name(short)], { stdio: "pipe" });
      } catch {
        // it was not made
      }
    }
  }

  #name(short: string): string {
    return `${this.#prefix}-${short}`;
  }

  #on(short: string, command: string, ...args: readonly string[]): string {
    return execFileSync("ip", ["netns", "exec", this.#name(short), command, ...args], {
      encoding: "utf8",
      stdio: "pipe",
    });
  }

  #wire(): void {
    for (const short of ["gw", "isp1", "isp2", "net", "lan"]) {
      execFileSync("ip", ["netns", "add", this.#name(short)]);
      this.#on(short, "ip", "link", "set", "lo", "up");
    }
    for (const [at, uplink] of (["up1", "up2"] as const).entries()) {
      const isp = `isp${at + 1}`;
      const n = at + 1;
      this.#pair(
        ["gw", uplink, `${sources[uplink].ipv4}/24`, `${sources[uplink].ipv6}/64`],
        [isp, "in", `10.213.${n}.1/24`, `fd13:${n}::1/64`],
      );
      this.#pair(
        [isp, "out", `198.51.10${n}.1/24`, `2001:db8:${n}::1/64`],
        ["net", `via${n}`, `198.51.10${n}.2/24`, `2001:db8:${n}::2/64`],
      );
      for (const setting of ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]) this.#set(isp, setting);
      // A source that is not of its own network is none of a router's business: this is what tells by which way a packet came.
      for (const iface of ["all", "in"]) this.#set(isp, `net.ipv4.conf.${iface}.rp_filter=1`);
      const own = ["from", `fd13:${n}::/64`];
      this.#on(isp, "ip", "-6", "rule", "add", "pref", "10", "iif", "in", ...own, "lookup", "main");
      this.#on(isp, "ip", "-6", "rule", "add", "pref", "11", "iif", "in", "blackhole");
      this.#on(isp, "ip", "route", "add", "default", "via", `198.51.10${n}.2`);
      this.#on(isp, "ip", "-6", "route", "add", "default", "via", `2001:db8:${n}::2`);
      this.#on("net", "ip", "route", "add", `10.213.${n}.0/24`, "via", `198.51.10${n}.1`);
      this.#on("net", "ip", "-6", "route", "add", `fd13:${n}::/64`, "via", `2001:db8:${n}::1`);
      const metric = at === 0 ? [] : ["metric", "2000"];
      this.#on("gw", "ip", "route", "add", "default", "via", `10.213.${n}.1`, "dev", uplink, ...metric);
      this.#on(
        "gw",
        "ip",
        "-6",
        "route",
        "add",
        "default",
        "via",
        `fd13:${n}::1`,
        "dev",
        uplink,
        "metric",
        at === 0 ? "1024" : "2000",
      );
    }
    // As strict as a system can be about which way a packet comes in.
    for (const name of ["all", "up1", "up2"]) this.#set("gw", `net.ipv4.conf.${name}.rp_filter=1`);
    this.#on("net", "ip", "addr", "add", `${far.ipv4}/32`, "dev", "lo");
    this.#on("net", "ip", "-6", "addr", "add", `${far.ipv6}/128`, "dev", "lo");
    this.#pair(["gw", "lan0", "192.168.213.1/24"], ["lan", "eth0", `${panel}/24`]);
  }

  #pair(one: readonly string[], other: readonly string[]): void {
    const [oneHost = "", oneName = "", ...oneAddresses] = one;
    const [otherHost = "", otherName = "", ...otherAddresses] = other;
    this.#on(
      oneHost,
      "ip",
      "link",
      "add",
      oneName,
      "type",
      "veth",
      "peer",
      "name",
      otherName,
      "netns",
      this.#name(otherHost),
    );
    for (const [host, name, addresses] of [
      [oneHost, oneName, oneAddresses],
      [otherHost, otherName, otherAddresses],
    ] as const) {
      this.#set(host, `net.ipv6.conf.${name}.keep_addr_on_down=1`);
      // Nobody else has the address, and waiting for nobody takes a second or two.
      this.#set(host, `net.ipv6.conf.${name}.accept_dad=0`);
      for (const address of addresses) {
        const isV6 = address.includes(":");
        this.#on(host, "ip", ...(isV6 ? ["-6"] : []), "addr", "add", address, "dev", name, ...(isV6 ? ["nodad"] : []));
      }
      this.#on(host, "ip", "link", "set", name, "up");
    }
  }

  #set(host: string, setting: string): void {
    const [name = "", value = ""] = setting.split("=");
    this.#on(host, "sh", "-c", `echo ${value} > /proc/sys/${name.replaceAll(".", "/")}`);
  }

  async #serve(): Promise<void> {
    for (const short of ["net", "lan"]) {
      const args = ["netns", "exec", this.#name(short), process.execPath, "-e", serverProgram];
      const server = new Program(`server on ${short}`, "ip", args);
      this.#servers.push(server);
      await server.event("listening");
    }
  }
}

/** The program on the gateway, told what to do. */
export class UplinksProgram {
  readonly #child: ChildProcess;
  readonly #events: LogLine[] = [];
  readonly #changed = new Set<() => void>();
  readonly #exited: Promise<unknown>;
  #number = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once("close", resolve));
    if (child.stdout === null) throw new Error("must hold: its output is read");
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#events.push(JSON.parse(line) as LogLine);
      for (const wake of [...this.#changed]) wake();
    });
  }

  /** The number of changes of the list that it has told of. */
  get changes(): number {
    return this.#events.filter(({ event }) => event === "changed").length;
  }

  async event(event: string, fits: (line: LogLine) => boolean = () => true, limitMs = 20_000): Promise<LogLine> {
    const end = AbortSignal.timeout(limitMs);
    for (;;) {
      const found = this.#events.find((line) => line.event === event && fits(line));
      if (found !== undefined) return found;
      if (end.aborted) throw new Error(`no ${event} within ${limitMs} ms`);
      await new Promise<void>((resolve) => {
        this.#changed.add(resolve);
        end.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  async does(command: UplinksCommand): Promise<unknown> {
    this.#number += 1;
    const number = this.#number;
    this.#child.stdin?.write(`${JSON.stringify({ number, ...command })}\n`);
    return (await this.event("answer", (line) => line["number"] === number))["answer"];
  }

  /** As by a crash: it can take nothing away. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}

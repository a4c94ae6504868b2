// An SSH panel: the computer in a machine's panel, with a shell, a small disk and the machine's living values.
import "../../deterministic-random.ts"; // First: libraries take the functions of node:crypto when they are loaded.
import ssh2, { type Algorithms, type ServerConfig } from "ssh2";
import type { Connection } from "#hardware/ports.ts";
import { SeededRandom } from "../../seeded-random.ts";
import { type PanelEndpoint, type PanelHost, PanelListener, type PanelProgram, type RunningPanel } from "../panel.ts";
import { type MachineName, machines, type ProcessModel, type ProcessSource, sharedProcess } from "../process-model.ts";
import type { SshProfile } from "../profiles/profile.ts";
import type { ShellMachine } from "./command.ts";
import { FileSystem } from "./file-system.ts";
import { ed25519HostKey, type HostKey, rsaHostKey } from "./host-keys.ts";
import { SshConnection, type SshConnectionPanel, type SshLimits, sshLimits } from "./ssh-connection.ts";
import type { SshAccount } from "./ssh-sign-in.ts";
import { WholeGreeting } from "./whole-greeting.ts";

const sshPort = 22;
/** ssh2 has no way to send none: one in 24 days is as good. */
const keepaliveMs = 2 ** 31 - 1;
/** As devices have that know no other kind; OpenSSH takes no shorter ones. */
const rsaBits = 1024;

export interface SshPanelOptions extends Partial<SshAccount> {
  readonly port?: number;
  readonly title?: string;
  /** By which the computer calls itself; the panel's own by default. */
  readonly hostName?: string;
  readonly machine?: MachineName;
  /** A machine that other panels show too. */
  readonly process?: ProcessSource;
  /** More files, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Shown before the sign-in. */
  readonly banner?: string;
  /** How it differs from today's servers on the wire: greeting and algorithms. */
  readonly profile?: SshProfile;
  readonly limits?: Partial<SshLimits>;
  /** What the cloud is told instead, for tests of something wrong. */
  readonly endpoint?: Partial<PanelEndpoint>;
  /** False: the cloud is not told the host key, so that the operator is asked. */
  readonly tellsHostKey?: boolean;
}

export interface RunningSshPanel extends RunningPanel {
  /** One for each algorithm; the first is what the cloud is told. */
  readonly hostKeys: readonly HostKey[];
  readonly files: FileSystem;
  /** What its machine does. */
  readonly process: ProcessModel;
  /** People and programs that have been let in since the start. */
  readonly signIns: number;
  /** Shells and commands that run now. */
  readonly sessions: number;
}

/** Takes root with the password "changeme" unless `options` say something else of the account. */
export function sshPanel(options: SshPanelOptions = {}): PanelProgram<RunningSshPanel> {
  const account = accountOf(options);
  const { username, password } = account;
  return {
    port: options.port ?? sshPort,
    // The cloud has no way to store answers: who is asked for everything is told a password all the same.
    endpoint: {
      ...{ protocol: "SSH", username },
      ...(options.endpoint?.privateKey === undefined ? { password: password ?? "none" } : {}),
      ...options.endpoint,
    },
    start: async (host) => {
      const server = new SshServer(host, account, options);
      return server.runningPanel(
        await PanelListener.open(host, options.port ?? sshPort, (connection) => server.serves(connection)),
      );
    },
  };
}

function accountOf({
  username = "root",
  password,
  publicKey,
  questions,
  needsEverything,
}: SshPanelOptions): SshAccount {
  const isBare = password === undefined && publicKey === undefined && questions === undefined;
  return {
    username,
    ...(isBare ? { password: "changeme" } : password === undefined ? {} : { password }),
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(questions === undefined ? {} : { questions }),
    ...(needsEverything === undefined ? {} : { needsEverything }),
  };
}

class SshServer implements SshConnectionPanel {
  readonly clock: PanelHost["clock"];
  readonly account: SshAccount;
  readonly limits: SshLimits;
  readonly machine: ShellMachine;
  readonly #options: SshPanelOptions;
  readonly #hostKeys: readonly HostKey[];
  readonly #process: ProcessModel;
  readonly #files: FileSystem;
  #signIns = 0;
  #sessions = 0;

  constructor(host: PanelHost, account: SshAccount, options: SshPanelOptions) {
    const { clock } = host;
    this.clock = clock;
    this.account = account;
    this.limits = { ...sshLimits, ...options.limits };
    this.#options = options;
    this.#hostKeys = hostKeysOf(new SeededRandom(`${host.seed}/host key`), options.profile);
    this.#process = (options.process ?? sharedProcess(machines[options.machine ?? "press"])).of(host);
    const hostName = options.hostName ?? hostNameOf(host.name);
    const title = options.title ?? host.name;
    this.#files = new FileSystem(() => clock.nowMs(), { ...filesOf({ hostName, title, account }), ...options.files });
    const sessions = (): number => this.#sessions;
    this.machine = {
      ...{ hostName, title, clock, bootedAtMs: clock.monotonicMs(), files: this.#files, process: this.#process },
      get sessions() {
        return sessions();
      },
    };
  }

  serves({ stream }: Connection): void {
    const whole = new WholeGreeting(stream);
    const connection = new SshConnection(this, whole);
    // One for each connection: ssh2 does not say which of several streams a peer has come by.
    const server = new ssh2.Server(serverConfig(this.#hostKeys, this.#options), (peer) => connection.meets(peer));
    // The types of ssh2's Server do not have it; its own tests use it.
    (server as unknown as { injectSocket(stream: WholeGreeting): void }).injectSocket(whole);
  }

  signedIn(): void {
    this.#signIns += 1;
  }

  running(change: 1 | -1): void {
    this.#sessions += change;
  }

  runningPanel(listener: PanelListener): RunningSshPanel {
    const counts = { signIns: () => this.#signIns, sessions: () => this.#sessions };
    const [first] = this.#hostKeys;
    const isTold = this.#options.tellsHostKey !== false && first !== undefined;
    return {
      port: listener.port,
      hostKeys: this.#hostKeys,
      files: this.#files,
      process: this.#process,
      endpoint: { ...(isTold ? { hostKey: first.publicLine } : {}), ...this.#options.endpoint },
      get connections() {
        return listener.connections;
      },
      get signIns() {
        return counts.signIns();
      },
      get sessions() {
        return counts.sessions();
      },
      close: () => listener.close(),
    };
  }
}

function hostKeysOf(random: SeededRandom, profile: SshProfile | undefined): readonly HostKey[] {
  const wanted = profile?.hostKeys ?? ["ssh-ed25519"];
  const isRsa = wanted.some((name) => name === "ssh-rsa" || name.startsWith("rsa-"));
  return [
    ...(wanted.includes("ssh-ed25519") ? [ed25519HostKey(random.child("ed25519"))] : []),
    ...(isRsa ? [rsaHostKey(random.child("rsa"), rsaBits)] : []),
  ];
}

/** ssh2's own order changes with the processor and with the native parts that are there; a seed has one order everywhere. */
const ciphers = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
  "chacha20-poly1305@openssh.com",
] as const;

function serverConfig(hostKeys: readonly HostKey[], { banner, profile }: SshPanelOptions): ServerConfig {
  const algorithms =
    profile === undefined
      ? { cipher: [...ciphers] }
      : ({
          kex: [...profile.keyExchanges],
          serverHostKey: [...profile.hostKeys],
          cipher: [...profile.ciphers],
          hmac: [...profile.macs],
        } as Algorithms);
  return {
    hostKeys: hostKeys.map(({ privateKey }) => privateKey),
    ident: profile?.greeting.replace(/^SSH-2\.0-/, "") ?? "Panel_4.2",
    keepaliveInterval: keepaliveMs,
    ...(banner === undefined ? {} : { banner }),
    algorithms,
  } as ServerConfig;
}

function hostNameOf(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 63) || "panel"
  );
}

function filesOf(of: { readonly hostName: string; readonly title: string; readonly account: SshAccount }) {
  const { username } = of.account;
  const home = username === "root" ? "/root" : `/home/${username}`;
  return {
    "/etc/hostname": `${of.hostName}\n`,
    "/etc/motd": `${of.title}\nType "status" for the machine's values, "top" to watch them.\n`,
    "/etc/os-release": 'NAME="Panel Linux"\nVERSION="4.2"\nID=panel\n',
    "/etc/network/interfaces": "auto eth0\niface eth0 inet dhcp\n",
    "/var/log/": "",
    "/tmp/": "",
    [`${home}/`]: "",
    [`${home}/notes.txt`]: "Oil filter changed 2026-10-02.\n",
  };
}

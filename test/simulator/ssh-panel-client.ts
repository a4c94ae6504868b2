// For the tests of the SSH panel: the panel on a host of a simulated network, and ssh2's client on the other one.
import ssh2, { type ClientChannel, type ConnectConfig, type Client as SshClient } from "ssh2";
import type { PanelProgram, RunningPanel } from "#simulator/panels/panel.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { TwoHosts } from "./two-hosts.ts";

export class PanelPlace<Running extends RunningPanel> {
  readonly world: TwoHosts;
  readonly panel: Running;

  private constructor(world: TwoHosts, panel: Running) {
    this.world = world;
    this.panel = panel;
  }

  static async start<R extends RunningPanel>(program: PanelProgram<R>, seed: string | number = 7) {
    const world = new TwoHosts();
    const { network } = world.network.host("panel");
    const random = new SeededRandom(`random ${seed}`);
    const host = { name: "Press 4", network, clock: world.clock, random, seed, address: "0.0.0.0" };
    return new PanelPlace(world, await program.start(host));
  }

  async dials() {
    const outcome = await this.world.dials(this.panel.port);
    if (!outcome.ok) throw new Error(outcome.detail);
    return outcome.connection;
  }

  until<T>(fact: () => T, what: string) {
    return this.world.clock.until(fact, { what, limitMs: 30_000 });
  }

  [Symbol.dispose](): void {
    this.world.clock.stop();
  }
}

export interface Signed {
  readonly client: SshClient;
  /** Set when the client is ready, or with what went wrong. */
  readonly state: { isReady: boolean; error?: Error & { level?: string }; isClosed: boolean; hostKey?: Buffer };
}

export type Login = Partial<ConnectConfig> & {
  /** Answers of the keyboard-interactive sign-in, a list for each round; what was asked is kept. */
  readonly answers?: readonly (readonly string[])[];
  readonly asked?: unknown[];
};

/** Begins a sign-in; does not wait for its end. */
export async function dialsSsh(place: PanelPlace<RunningPanel>, login: Login = {}): Promise<Signed> {
  const { answers, asked, ...config } = login;
  const { stream } = await place.dials();
  const client = new ssh2.Client();
  const state: Signed["state"] = { isReady: false, isClosed: false };
  let round = 0;
  client.on("keyboard-interactive", (title, instruction, _language, prompts, finish) => {
    asked?.push({ title, instruction, prompts });
    finish([...(answers?.[round++] ?? [])]);
  });
  client.on("ready", () => {
    state.isReady = true;
  });
  client.on("error", (error) => {
    state.error ??= error;
  });
  client.on("close", () => {
    state.isClosed = true;
  });
  client.connect({
    ...{ sock: stream, username: "root", readyTimeout: 0, keepaliveInterval: 0 },
    hostVerifier: (key: Buffer) => {
      state.hostKey = key;
      return true;
    },
    ...(answers === undefined ? {} : { tryKeyboard: true }),
    ...config,
  });
  return { client, state };
}

export async function signsIn(place: PanelPlace<RunningPanel>, login: Login = { password: "changeme" }) {
  const { client, state } = await dialsSsh(place, login);
  await place.until(() => state.isReady || state.error !== undefined || state.isClosed, "the sign-in");
  if (!state.isReady) throw state.error ?? new Error("closed during the sign-in");
  return client;
}

export interface Ended {
  readonly out: string;
  readonly err: string;
  readonly status: number | null;
}

/** What a channel says, and how it ends. */
export function watches(channel: ClientChannel) {
  const seen = { out: "", err: "", status: undefined as number | null | undefined, isClosed: false, bytes: 0 };
  channel.setEncoding("utf8");
  channel.on("data", (text: string) => {
    seen.out += text;
    seen.bytes += text.length;
  });
  channel.stderr.on("data", (bytes: Buffer) => {
    seen.err += bytes.toString();
  });
  channel.on("exit", (status: number | null) => {
    seen.status = status;
  });
  channel.on("close", () => {
    seen.isClosed = true;
  });
  return seen;
}

export async function runs(
  place: PanelPlace<RunningPanel>,
  client: SshClient,
  command: string,
  input?: Uint8Array | readonly Uint8Array[],
): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
  client.exec(command, (error, channel) => (error === undefined ? resolve(channel) : reject(error)));
  const channel = await place.world.clock.until(promise, { what: "the channel" });
  const seen = watches(channel);
  if (input !== undefined) {
    for (const piece of input instanceof Uint8Array ? [input] : input) channel.write(piece);
    channel.end();
  }
  await place.until(() => seen.isClosed, `the end of "${command}"`);
  return { out: seen.out, err: seen.err, status: seen.status ?? null };
}

export async function opensShell(
  place: PanelPlace<RunningPanel>,
  client: SshClient,
  size: { readonly columns: number; readonly rows: number } | false = { columns: 80, rows: 24 },
) {
  const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
  const window = size === false ? false : { term: "xterm", cols: size.columns, rows: size.rows };
  client.shell(window, (error, channel) => (error === undefined ? resolve(channel) : reject(error)));
  const channel = await place.world.clock.until(promise, { what: "the shell" });
  const seen = watches(channel);
  let looked = 0;
  const shows = async (text: string): Promise<void> => {
    await place
      .until(() => seen.out.includes(text, looked), `"${text}"`)
      .catch((error: Error) => {
        error.message += `\n${JSON.stringify(seen.out.slice(-500))}`;
        throw error;
      });
    looked = seen.out.indexOf(text, looked) + text.length;
  };
  return { channel, seen, shows };
}

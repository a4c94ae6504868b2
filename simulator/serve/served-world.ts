// A world that is served: panels and links side by side under names, and its log; ending it leaves nothing open.
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { unknownWord } from "../faults/nearest-word.ts";
import type { CarriedTarget } from "../loopback/link-carrier.ts";
import { RealClock } from "../loopback/real-clock.ts";
import { loopback } from "../loopback/relay-port.ts";
import type { RunningPanel } from "../panels/panel.ts";
import { SeededRandom } from "../seeded-random.ts";
import { ApiError, badValue, notFound } from "./api-error.ts";
import type { LinkChange, LinkView, NewLink, NewPanel, PanelOptions, PanelView, WorldView } from "./api-types.ts";
import { checkPanel } from "./panel-kinds.ts";
import { ServedLink } from "./served-link.ts";
import { WorldLog } from "./world-log.ts";

/** Panels, and links, of one world at a time. */
export const panelsMax = 200;
export const linksMax = 200;

type CheckedPanel = ReturnType<typeof checkPanel>;

interface ServedPanel {
  readonly name: string;
  readonly checked: CheckedPanel;
  readonly clock: RealClock;
  readonly running: RunningPanel;
}

export class ServedWorld {
  readonly name: string;
  readonly seed: number;
  readonly log: WorldLog;
  readonly #clock = new RealClock();
  readonly #random: SeededRandom;
  readonly #panels = new Map<string, ServedPanel>();
  readonly #links = new Map<string, { readonly link: ServedLink; panel: string | undefined }>();
  /** One change at a time, so that two requests of one name do not meet. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(name: string, seed: number) {
    this.name = name;
    this.seed = seed;
    this.#random = new SeededRandom(seed);
    this.log = new WorldLog(this.#clock);
  }

  get clock(): RealClock {
    return this.#clock;
  }

  view(): WorldView {
    return { name: this.name, seed: this.seed, panels: [...this.#panels.keys()], links: [...this.#links.keys()] };
  }

  panels(): readonly PanelView[] {
    return [...this.#panels.values()].map(viewOf);
  }

  panel(name: string): PanelView {
    return viewOf(this.#panel(name));
  }

  addPanel({ name, port = 0, ...wanted }: NewPanel): Promise<PanelView> {
    return this.#inTurn(async () => {
      if (this.#panels.has(name)) throw taken("panel", name);
      if (this.#panels.size >= panelsMax) throw full("panels", panelsMax);
      const panel = await this.#startPanel(name, checkPanel(wanted), port);
      this.#panels.set(name, panel);
      this.log.write({ kind: "panel", panel: name, phase: "started", port: panel.running.port });
      return viewOf(panel);
    });
  }

  /** Starts it anew on its port with these options over the ones that it has; its connections are reset. */
  changePanel(name: string, options: PanelOptions): Promise<PanelView> {
    return this.#inTurn(async () => {
      const old = this.#panel(name);
      const { kind, profile } = old.checked;
      const merged = { ...old.checked.options, ...options };
      const checked = checkPanel({ kind: kind.name, ...(profile === undefined ? {} : { profile }), options: merged });
      // Made once for nothing: what its maker refuses is told before the old one is gone.
      checked.kind.create(checked.options, checked.profile);
      const { port } = old.running;
      await endPanel(old);
      try {
        this.#panels.set(name, await this.#startPanel(name, checked, port));
      } catch (error) {
        this.#panels.delete(name);
        this.log.write({ kind: "problem", panel: name, text: String(error) });
        throw error;
      }
      this.log.write({ kind: "panel", panel: name, phase: "changed", port });
      return this.panel(name);
    });
  }

  removePanel(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const panel = this.#panel(name);
      const users = [...this.#links.values()].filter((each) => each.panel === name).map(({ link }) => link.name);
      if (users.length > 0) {
        const text = `the panel ${name} is where these links lead: ${users.join(", ")}; remove or change them first`;
        throw new ApiError(409, "in-use", text);
      }
      this.#panels.delete(name);
      await endPanel(panel);
      this.log.write({ kind: "panel", panel: name, phase: "ended" });
    });
  }

  links(): readonly LinkView[] {
    return [...this.#links.keys()].map((name) => this.linkView(name));
  }

  linkView(name: string): LinkView {
    const { link, panel } = this.#entry(name);
    return { ...link.view(), panel: panel ?? null };
  }

  link(name: string): ServedLink {
    return this.#entry(name).link;
  }

  /** Changes something of a link, one change at a time. */
  onLink<T>(name: string, change: (link: ServedLink) => Promise<T>): Promise<T> {
    return this.#inTurn(() => change(this.link(name)));
  }

  addLink({ name, port = 0, between, ...leads }: NewLink): Promise<LinkView> {
    return this.#inTurn(async () => {
      if (this.#links.has(name)) throw taken("link", name);
      if (this.#links.size >= linksMax) throw full("links", linksMax);
      const { target, panel } = this.#targetOf(leads);
      const ends = between ?? (["client", panel ?? "target"] as const);
      if (ends[0] === ends[1]) throw badValue(`takes two different names, not ${JSON.stringify(ends)}`, "between");
      const link = await ServedLink.open({
        name,
        between: ends,
        port,
        target,
        clock: this.#clock,
        random: this.#random.child(`link ${name}`),
        log: this.log,
      });
      this.#links.set(name, { link, panel });
      const view = this.linkView(name);
      this.log.write({ kind: "link", link: name, phase: "opened", port: view.port, target: view.target });
      return view;
    });
  }

  /** Where new connections are taken; those that stand stay as they are. */
  changeLink(name: string, change: LinkChange): Promise<LinkView> {
    return this.#inTurn(async () => {
      const entry = this.#entry(name);
      const { target, panel } = this.#targetOf(change);
      entry.link.target = target;
      entry.panel = panel;
      const view = this.linkView(name);
      this.log.write({ kind: "link", link: name, phase: "changed", target: view.target });
      return view;
    });
  }

  removeLink(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const { link } = this.#entry(name);
      this.#links.delete(name);
      await link.close();
      this.log.write({ kind: "link", link: name, phase: "closed" });
    });
  }

  /** Lifts every fault, forgets counts and log; `remove`: links and panels go too. */
  reset({ remove }: { readonly remove: boolean }): Promise<void> {
    return this.#inTurn(async () => {
      for (const { link } of this.#links.values()) {
        await link.liftAll();
        link.forgetCounts();
      }
      if (remove) await this.#removeAll();
      this.log.empty();
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#removeAll();
      this.#clock.dropAllTimers();
    });
  }

  async #removeAll(): Promise<void> {
    for (const { link } of this.#links.values()) await link.close();
    this.#links.clear();
    for (const panel of this.#panels.values()) await endPanel(panel);
    this.#panels.clear();
  }

  async #startPanel(name: string, checked: CheckedPanel, port: number): Promise<ServedPanel> {
    const clock = new RealClock();
    const random = this.#random.child(`panel ${name}`);
    const program = checked.kind.create(checked.options, checked.profile);
    const place = { name, network: openLinuxNetwork(), clock, random, address: loopback, port };
    try {
      const running = await program.start({ ...place, seed: `${this.seed}/${name}` });
      return { name, checked, clock, running };
    } catch (error) {
      clock.dropAllTimers();
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "port-taken") throw new ApiError(409, "port.taken", `${port} is taken by another program`, "port");
      if (code === "not-permitted")
        throw badValue(`${port} may not be used by this user; take one from 1024 up`, "port");
      throw error;
    }
  }

  #targetOf({ target, panel }: LinkChange): {
    readonly target: () => CarriedTarget;
    readonly panel: string | undefined;
  } {
    if (panel !== undefined && target !== undefined) {
      throw badValue(`leads to a panel or to a "target", not to both`, "panel");
    }
    if (panel !== undefined) {
      const known = [...this.#panels.keys()];
      if (!known.includes(panel)) throw badValue(unknownWord("panel", panel, known), "panel");
      return { target: () => ({ host: loopback, port: this.#panels.get(panel)?.running.port ?? 0 }), panel };
    }
    if (target === undefined) throw badValue(`is missing: "host:port", or name a "panel"`, "target");
    const parsed = parseTarget(target);
    return { target: () => parsed, panel: undefined };
  }

  #panel(name: string): ServedPanel {
    const panel = this.#panels.get(name);
    if (panel === undefined) throw notFound("panel", name, [...this.#panels.keys()]);
    return panel;
  }

  #entry(name: string) {
    const entry = this.#links.get(name);
    if (entry === undefined) throw notFound("link", name, [...this.#links.keys()]);
    return entry;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(step, step);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

async function endPanel({ running, clock }: ServedPanel): Promise<void> {
  await running.close();
  clock.dropAllTimers();
}

function viewOf({ name, checked, running }: ServedPanel): PanelView {
  const { kind, profile, options } = checked;
  return {
    name,
    kind: kind.name,
    profile: profile ?? null,
    protocol: kind.protocol,
    host: loopback,
    port: running.port,
    options,
    hostKey: running.endpoint?.hostKey ?? null,
    connections: running.connections,
  };
}

/** "127.0.0.1:22", "panel.local:5900", "[::1]:22". */
export function parseTarget(text: string): CarriedTarget {
  const match = /^(?:\[(?<literal>[0-9a-fA-F:.]+)\]|(?<host>[^\s:/[\]]+)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.["port"]);
  const host = match?.groups?.["literal"] ?? match?.groups?.["host"];
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw badValue(
    `takes "host:port" with a port from 1 to 65535, such as "127.0.0.1:22", not ${JSON.stringify(text)}`,
    "target",
  );
}

function taken(what: string, name: string): ApiError {
  return new ApiError(409, "name.taken", `there is a ${what} ${name} already`, "name");
}

function full(what: string, max: number): ApiError {
  return new ApiError(409, "limit.reached", `a world has at most ${max} ${what}`);
}

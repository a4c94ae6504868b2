// A world that is served: panels and links side by side under names, and its log; ending it leaves nothing open.
import { unknownWord } from "../faults/nearest-word.ts";
import type { CarriedTarget } from "../loopback/link-carrier.ts";
import { RealClock } from "../loopback/real-clock.ts";
import { loopback } from "../loopback/relay-port.ts";
import { SeededRandom } from "../seeded-random.ts";
import { ApiError, badValue, nameTaken, notFound } from "./api-error.ts";
import type { LinkChange, LinkView, NewLink, NewPanel, PanelOptions, PanelView, WorldView } from "./api-types.ts";
import { type CheckedPanel, checkPanel } from "./check-panel.ts";
import { ServedLink } from "./served-link.ts";
import { ServedPanel } from "./served-panel.ts";
import { parseTarget } from "./target-text.ts";
import { WorldLog } from "./world-log.ts";

/** Panels, and links, of one world at a time. */
export const panelsMax = 200;
export const linksMax = 200;

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
    return [...this.#panels.values()].map((panel) => panel.view());
  }

  panel(name: string): PanelView {
    return this.#panel(name).view();
  }

  addPanel({ name, port = 0, ...wanted }: NewPanel): Promise<PanelView> {
    return this.#inTurn(async () => {
      if (this.#panels.has(name)) throw nameTaken("panel", name);
      if (this.#panels.size >= panelsMax) throw full("panels", panelsMax);
      const panel = await this.#startPanel(name, checkPanel(wanted), port);
      this.#panels.set(name, panel);
      this.log.write({ kind: "panel", panel: name, phase: "started", port: panel.port });
      return panel.view();
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
      const { port } = old;
      await old.close();
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
      await panel.close();
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
      if (this.#links.has(name)) throw nameTaken("link", name);
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
        await link.faults.liftAll();
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
    for (const panel of this.#panels.values()) await panel.close();
    this.#panels.clear();
  }

  #startPanel(name: string, checked: CheckedPanel, port: number): Promise<ServedPanel> {
    return ServedPanel.start({
      name,
      checked,
      port,
      random: this.#random.child(`panel ${name}`),
      seed: `${this.seed}/${name}`,
    });
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
      return { target: () => ({ host: loopback, port: this.#panels.get(panel)?.port ?? 0 }), panel };
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

function full(what: string, max: number): ApiError {
  return new ApiError(409, "limit.reached", `a world has at most ${max} ${what}`);
}

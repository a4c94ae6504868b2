// A client of the simulator's API for programs in TypeScript: one method for each operation, in the server's own types.
import type {
  Catalogue,
  ConnectionView,
  ErrorBody,
  EventAskBody,
  EventsPage,
  FaultChange,
  FaultView,
  LinkChange,
  LinkView,
  NewFault,
  NewLink,
  NewPanel,
  NewWorld,
  PanelChange,
  PanelView,
  ResetOptions,
  WorldView,
} from "./api-types.ts";

/** The simulator has refused; `message` says what was wrong and what was meant. */
export class SimulatorRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly place: string;

  constructor(status: number, { error }: ErrorBody) {
    super(error.message);
    this.name = "SimulatorRefusal";
    this.status = status;
    this.code = error.code;
    this.place = error.place;
  }
}

export interface EventsQuery {
  readonly after?: number;
  readonly limit?: number;
  readonly waitMs?: number;
  readonly kind?: string;
  readonly link?: string;
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** Speaks to one world of a server; `inWorld` gives a client of another. */
export class SimulatorClient {
  readonly url: string;
  readonly world: string | undefined;

  /** `url`: such as "http://127.0.0.1:8474". `world`: "default" if left out. */
  constructor(url: string, world?: string) {
    this.url = url.replace(/\/$/, "");
    this.world = world;
  }

  inWorld(world: string): SimulatorClient {
    return new SimulatorClient(this.url, world);
  }

  listWorlds(): Promise<readonly WorldView[]> {
    return this.#asksAll("GET", "/worlds");
  }

  createWorld(world: NewWorld): Promise<WorldView> {
    return this.#asksAll("POST", "/worlds", world);
  }

  readWorld(world: string): Promise<WorldView> {
    return this.#asksAll("GET", `/worlds/${name(world)}`);
  }

  deleteWorld(world: string): Promise<void> {
    return this.#asksAll("DELETE", `/worlds/${name(world)}`);
  }

  readCatalogue(): Promise<Catalogue> {
    return this.#asksAll("GET", "/catalogue");
  }

  reset(options: ResetOptions = {}): Promise<WorldView> {
    return this.#asks("POST", "/reset", options);
  }

  listEvents(query: EventsQuery = {}): Promise<EventsPage> {
    return this.#asks("GET", "/events", undefined, { ...query });
  }

  listPanels(): Promise<readonly PanelView[]> {
    return this.#asks("GET", "/panels");
  }

  createPanel(panel: NewPanel): Promise<PanelView> {
    return this.#asks("POST", "/panels", panel);
  }

  readPanel(panel: string): Promise<PanelView> {
    return this.#asks("GET", `/panels/${name(panel)}`);
  }

  changePanel(panel: string, change: PanelChange): Promise<PanelView> {
    return this.#asks("PATCH", `/panels/${name(panel)}`, change);
  }

  deletePanel(panel: string): Promise<void> {
    return this.#asks("DELETE", `/panels/${name(panel)}`);
  }

  listLinks(): Promise<readonly LinkView[]> {
    return this.#asks("GET", "/links");
  }

  createLink(link: NewLink): Promise<LinkView> {
    return this.#asks("POST", "/links", link);
  }

  readLink(link: string): Promise<LinkView> {
    return this.#asks("GET", `/links/${name(link)}`);
  }

  changeLink(link: string, change: LinkChange): Promise<LinkView> {
    return this.#asks("PATCH", `/links/${name(link)}`, change);
  }

  deleteLink(link: string): Promise<void> {
    return this.#asks("DELETE", `/links/${name(link)}`);
  }

  listConnections(link: string): Promise<readonly ConnectionView[]> {
    return this.#asks("GET", `/links/${name(link)}/connections`);
  }

  resetConnections(link: string): Promise<void> {
    return this.#asks("DELETE", `/links/${name(link)}/connections`);
  }

  /** False when it has not happened within `limitMs`. */
  async waitForEvent(link: string, ask: EventAskBody): Promise<boolean> {
    const answer = await this.#asks<{ happened: boolean }>("POST", `/links/${name(link)}/wait`, ask);
    return answer.happened;
  }

  listFaults(link: string): Promise<readonly FaultView[]> {
    return this.#asks("GET", `/links/${name(link)}/faults`);
  }

  createFault(link: string, fault: NewFault): Promise<FaultView> {
    return this.#asks("POST", `/links/${name(link)}/faults`, fault);
  }

  readFault(link: string, fault: string): Promise<FaultView> {
    return this.#asks("GET", `/links/${name(link)}/faults/${name(fault)}`);
  }

  changeFault(link: string, fault: string, change: FaultChange): Promise<FaultView> {
    return this.#asks("PATCH", `/links/${name(link)}/faults/${name(fault)}`, change);
  }

  deleteFault(link: string, fault: string): Promise<void> {
    return this.#asks("DELETE", `/links/${name(link)}/faults/${name(fault)}`);
  }

  deleteFaults(link: string): Promise<void> {
    return this.#asks("DELETE", `/links/${name(link)}/faults`);
  }

  layProfile(link: string, profile: string): Promise<readonly FaultView[]> {
    return this.#asks("POST", `/links/${name(link)}/profile`, { profile });
  }

  /** Lays a fault for as long as `block` runs. */
  async during<T>(link: string, fault: NewFault, block: () => T | Promise<T>): Promise<T> {
    const laid = await this.createFault(link, fault);
    try {
      return await block();
    } finally {
      await this.deleteFault(link, laid.name);
    }
  }

  #asks<T>(method: string, path: string, body?: unknown, query: Query = {}): Promise<T> {
    return this.#sends(method, path, body, { world: this.world, ...query });
  }

  #asksAll<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#sends(method, path, body, {});
  }

  async #sends<T>(method: string, path: string, body: unknown, query: Query): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const words = new URLSearchParams(Object.fromEntries(given.map(([key, value]) => [key, String(value)]))).toString();
    const answer = await fetch(`${this.url}${path}${words === "" ? "" : `?${words}`}`, {
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new SimulatorRefusal(answer.status, JSON.parse(text) as ErrorBody);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }
}

function name(text: string): string {
  return encodeURIComponent(text);
}

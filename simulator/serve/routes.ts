// Every route of the simulator's API: what it takes, what it gives, and what it does.
import { faultKinds } from "../faults/catalogue.ts";
import { linkProfiles } from "../faults/profiles.ts";
import { createEvent, eventKinds } from "../triggers/event-kinds.ts";
import type {
  Catalogue,
  EventAskBody,
  FaultChange,
  LinkChange,
  NewFault,
  NewLink,
  NewPanel,
  NewWorld,
  PanelChange,
  ResetOptions,
} from "./api-types.ts";
import { describePanelKinds, describePanelProfiles } from "./panel-kinds.ts";
import { listOf, namePattern, ref, type Schema } from "./schemas.ts";
import { onLinks } from "./served-link.ts";
import type { ServedWorld } from "./served-world.ts";
import type { Worlds } from "./worlds.ts";

/** What a request has brought, checked. */
export interface Asked {
  readonly worlds: Worlds;
  /** The world that `?world=` names; "default" without it. Throws ApiError if there is none. */
  readonly world: ServedWorld;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

export interface ApiRoute {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** As in the document: "/links/{link}". */
  readonly path: string;
  /** The operation's name in the document and in the client. */
  readonly name: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, Schema>>;
  readonly body?: Schema;
  /** The body may be left out. */
  readonly isBodyOptional?: boolean;
  /** The body is checked by what reads it, which knows more than a schema can say. */
  readonly isReadWhole?: boolean;
  readonly status: 200 | 201 | 204;
  readonly answer?: Schema;
  /** Statuses with which it may refuse, beside 400. */
  readonly refusals: readonly (404 | 409)[];
  /** It is about no world in particular. */
  readonly isOfAll?: boolean;
  readonly run: (asked: Asked) => unknown;
}

const digits = (description: string): Schema => ({ type: "string", pattern: "^[0-9]{1,15}$", description });

/** The world that a request is about. */
export const worldQuery: Schema = {
  type: "string",
  pattern: namePattern,
  description: `the world's name; "default" if left out`,
};
const defaultWaitMs = 10_000;
/** Longest wait of one request, in ms. */
const waitMsMax = 60_000;

const worldRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/worlds",
    name: "listWorlds",
    summary: "All worlds.",
    status: 200,
    answer: listOf(ref("World"), "the worlds"),
    refusals: [],
    isOfAll: true,
    run: ({ worlds }) => worlds.all().map((world) => world.view()),
  },
  {
    method: "POST",
    path: "/worlds",
    name: "createWorld",
    summary: "Makes a world beside the others.",
    body: ref("NewWorld"),
    status: 201,
    answer: ref("World"),
    refusals: [409],
    isOfAll: true,
    run: ({ worlds, body }) => worlds.add(body as NewWorld).view(),
  },
  {
    method: "GET",
    path: "/worlds/{world}",
    name: "readWorld",
    summary: "One world.",
    status: 200,
    answer: ref("World"),
    refusals: [404],
    isOfAll: true,
    run: ({ worlds, params }) => worlds.get(params["world"] ?? "").view(),
  },
  {
    method: "DELETE",
    path: "/worlds/{world}",
    name: "deleteWorld",
    summary: "Ends a world with everything in it; the default one is there again, empty.",
    status: 204,
    refusals: [404],
    isOfAll: true,
    run: ({ worlds, params }) => worlds.remove(params["world"] ?? ""),
  },
  {
    method: "POST",
    path: "/reset",
    name: "reset",
    summary:
      "Lifts every fault of a world, sets counters to zero and empties its log; with remove, links and panels go too.",
    body: ref("ResetOptions"),
    isBodyOptional: true,
    status: 200,
    answer: ref("World"),
    refusals: [404],
    run: async ({ world, body }) => {
      await world.reset({ remove: ((body ?? {}) as ResetOptions).remove ?? false });
      return world.view();
    },
  },
  {
    method: "GET",
    path: "/events",
    name: "listEvents",
    summary: "A world's log, from a line on; waits for the next line that fits if there is none.",
    query: {
      after: digits("a line's number: what comes behind it"),
      limit: digits("a whole number of lines, at most 1000"),
      waitMs: digits("ms to wait for a line, at most 60000"),
      kind: { type: "string", description: "a kind of line: delivery, fault, panel, link or problem" },
      link: { type: "string", description: "a link's name" },
    },
    status: 200,
    answer: ref("Events"),
    refusals: [404],
    run: ({ world, query, signal }) => {
      const { after, limit, waitMs = "0", kind, link } = query;
      const ask = {
        ...(after === undefined ? {} : { after: Number(after) }),
        ...(limit === undefined ? {} : { limit: Number(limit) }),
        ...(kind === undefined ? {} : { kind }),
        ...(link === undefined ? {} : { link }),
      };
      return world.log.wait(ask, Math.min(Number(waitMs), waitMsMax), signal);
    },
  },
  {
    method: "GET",
    path: "/catalogue",
    name: "readCatalogue",
    summary: "Kinds of faults, link profiles, events, kinds of panels and panel profiles.",
    status: 200,
    answer: ref("Catalogue"),
    refusals: [],
    isOfAll: true,
    run: () => catalogue(),
  },
];

const panelRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/panels",
    name: "listPanels",
    summary: "The panels of a world.",
    status: 200,
    answer: listOf(ref("Panel"), "the panels"),
    refusals: [404],
    run: ({ world }) => world.panels(),
  },
  {
    method: "POST",
    path: "/panels",
    name: "createPanel",
    summary: "Starts a panel on a port of loopback.",
    body: ref("NewPanel"),
    status: 201,
    answer: ref("Panel"),
    refusals: [404, 409],
    run: ({ world, body }) => world.addPanel(body as NewPanel),
  },
  {
    method: "GET",
    path: "/panels/{panel}",
    name: "readPanel",
    summary: "One panel.",
    status: 200,
    answer: ref("Panel"),
    refusals: [404],
    run: ({ world, params }) => world.panel(params["panel"] ?? ""),
  },
  {
    method: "PATCH",
    path: "/panels/{panel}",
    name: "changePanel",
    summary: "Starts a panel anew on its port with other options; its connections are reset.",
    body: ref("PanelChange"),
    status: 200,
    answer: ref("Panel"),
    refusals: [404, 409],
    run: ({ world, params, body }) => world.changePanel(params["panel"] ?? "", (body as PanelChange).options),
  },
  {
    method: "DELETE",
    path: "/panels/{panel}",
    name: "deletePanel",
    summary: "Ends a panel; not one to which a link leads.",
    status: 204,
    refusals: [404, 409],
    run: ({ world, params }) => world.removePanel(params["panel"] ?? ""),
  },
];

const linkRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/links",
    name: "listLinks",
    summary: "The links of a world, with their counters.",
    status: 200,
    answer: listOf(ref("Link"), "the links"),
    refusals: [404],
    run: ({ world }) => world.links(),
  },
  {
    method: "POST",
    path: "/links",
    name: "createLink",
    summary: "Opens a port of loopback that leads to a target.",
    body: ref("NewLink"),
    status: 201,
    answer: ref("Link"),
    refusals: [404, 409],
    run: ({ world, body }) => world.addLink(body as NewLink),
  },
  {
    method: "GET",
    path: "/links/{link}",
    name: "readLink",
    summary: "One link with its counters.",
    status: 200,
    answer: ref("Link"),
    refusals: [404],
    run: ({ world, params }) => world.linkView(params["link"] ?? ""),
  },
  {
    method: "PATCH",
    path: "/links/{link}",
    name: "changeLink",
    summary: "Leads new connections to another target; those that stand stay as they are.",
    body: ref("LinkChange"),
    status: 200,
    answer: ref("Link"),
    refusals: [404],
    run: ({ world, params, body }) => world.changeLink(params["link"] ?? "", body as LinkChange),
  },
  {
    method: "DELETE",
    path: "/links/{link}",
    name: "deleteLink",
    summary: "Closes a link; its connections are reset.",
    status: 204,
    refusals: [404],
    run: ({ world, params }) => world.removeLink(params["link"] ?? ""),
  },
  {
    method: "GET",
    path: "/links/{link}/connections",
    name: "listConnections",
    summary: "The connections through a link.",
    status: 200,
    answer: listOf(ref("Connection"), "the connections"),
    refusals: [404],
    run: ({ world, params }) => world.link(params["link"] ?? "").connections(),
  },
  {
    method: "DELETE",
    path: "/links/{link}/connections",
    name: "resetConnections",
    summary: "Resets the connections through a link, both ends of each.",
    status: 204,
    refusals: [404],
    run: ({ world, params }) => world.link(params["link"] ?? "").resetConnections(),
  },
  {
    method: "POST",
    path: "/links/{link}/wait",
    name: "waitForEvent",
    summary: "Answers when an event of a protocol has happened on a link, seen where its bytes are in clear.",
    body: ref("EventAsk"),
    status: 200,
    answer: ref("Happened"),
    refusals: [404],
    run: (asked) => waitForEvent(asked),
  },
];

const faultRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/links/{link}/faults",
    name: "listFaults",
    summary: "The faults on a link, oldest first.",
    status: 200,
    answer: listOf(ref("Fault"), "the faults"),
    refusals: [404],
    run: ({ world, params }) => world.link(params["link"] ?? "").faults(),
  },
  {
    method: "POST",
    path: "/links/{link}/faults",
    name: "createFault",
    summary: "Lays a fault on a link.",
    body: ref("NewFault"),
    isReadWhole: true,
    status: 201,
    answer: ref("Fault"),
    refusals: [404, 409],
    run: ({ world, params, body }) => world.onLink(params["link"] ?? "", (link) => link.lay(body as NewFault)),
  },
  {
    method: "DELETE",
    path: "/links/{link}/faults",
    name: "deleteFaults",
    summary: "Lifts all faults of a link.",
    status: 204,
    refusals: [404],
    run: ({ world, params }) => world.onLink(params["link"] ?? "", (link) => link.liftAll()),
  },
  {
    method: "GET",
    path: "/links/{link}/faults/{fault}",
    name: "readFault",
    summary: "One fault.",
    status: 200,
    answer: ref("Fault"),
    refusals: [404],
    run: ({ world, params }) => world.link(params["link"] ?? "").fault(params["fault"] ?? ""),
  },
  {
    method: "PATCH",
    path: "/links/{link}/faults/{fault}",
    name: "changeFault",
    summary: "Changes a fault while bytes are under way: what is held is planned anew.",
    body: ref("FaultChange"),
    isReadWhole: true,
    status: 200,
    answer: ref("Fault"),
    refusals: [404],
    run: ({ world, params, body }) =>
      world.onLink(params["link"] ?? "", (link) => link.change(params["fault"] ?? "", body as FaultChange)),
  },
  {
    method: "DELETE",
    path: "/links/{link}/faults/{fault}",
    name: "deleteFault",
    summary: "Lifts a fault.",
    status: 204,
    refusals: [404],
    run: ({ world, params }) => world.onLink(params["link"] ?? "", (link) => link.lift(params["fault"] ?? "")),
  },
  {
    method: "POST",
    path: "/links/{link}/profile",
    name: "layProfile",
    summary: "Lays the faults of a link profile, all or none: lte-bad, satellite, factory-wifi, flaky-dsl.",
    body: ref("LinkProfile"),
    status: 201,
    answer: listOf(ref("Fault"), "the faults that were laid"),
    refusals: [404, 409],
    run: ({ world, params, body }) =>
      world.onLink(params["link"] ?? "", (link) => link.layProfile((body as { profile: string }).profile)),
  },
];

export const routes: readonly ApiRoute[] = [...worldRoutes, ...panelRoutes, ...linkRoutes, ...faultRoutes];

function catalogue(): Catalogue {
  return {
    faults: faultKinds.map((kind) => {
      const { name, summary, isLossy, parameters } = kind;
      return { name, summary, isLossy, parameters, onLinks: onLinks(kind) };
    }),
    linkProfiles: linkProfiles.map(({ name, summary }) => ({ name, summary })),
    events: eventKinds.map(({ name, summary }) => ({ name, summary })),
    panels: describePanelKinds(),
    panelProfiles: describePanelProfiles(),
  };
}

async function waitForEvent({ world, params, body, signal }: Asked): Promise<{ readonly happened: boolean }> {
  const { limitMs = defaultWaitMs, ...ask } = body as EventAskBody;
  const event = createEvent(ask);
  const link = world.link(params["link"] ?? "");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = world.clock.setTimeout(() => resolve(false), limitMs);
  const stop = (): void => resolve(false);
  signal.addEventListener("abort", stop);
  const forget = link.on(event, () => resolve(true));
  try {
    return { happened: await promise };
  } finally {
    forget();
    signal.removeEventListener("abort", stop);
    world.clock.clearTimeout(timer);
  }
}

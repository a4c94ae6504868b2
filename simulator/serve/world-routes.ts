// The routes about worlds: which there are, their beginning and end, their log, and what there is to choose from.

import type { ApiRoute } from "./api-route.ts";
import type { NewWorld, ResetOptions } from "./api-types.ts";
import { describeCatalogue } from "./describe-catalogue.ts";
import { listOf, type Schema } from "./schema.ts";
import { ref } from "./schemas.ts";

/** Longest wait of one request, in ms. */
const waitMsMax = 60_000;

const digits = (description: string): Schema => ({ type: "string", pattern: "^[0-9]{1,15}$", description });

export const worldRoutes: readonly ApiRoute[] = [
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
    run: () => describeCatalogue(),
  },
];

// The routes about the links of a world, and about what passes through them.

import type { ApiRoute } from "./api-route.ts";
import type { LinkChange, NewLink } from "./api-types.ts";
import { listOf } from "./schema.ts";
import { ref } from "./schemas.ts";
import { waitForEvent } from "./wait-for-event.ts";

export const linkRoutes: readonly ApiRoute[] = [
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

// The routes about the panels of a world.

import type { ApiRoute } from "./api-route.ts";
import type { NewPanel, PanelChange } from "./api-types.ts";
import { listOf } from "./schema.ts";
import { ref } from "./schemas.ts";

export const panelRoutes: readonly ApiRoute[] = [
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

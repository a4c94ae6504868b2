// The routes about the faults of a link.

import type { ApiRoute } from "./api-route.ts";
import type { FaultChange, NewFault } from "./api-types.ts";
import { listOf } from "./schema.ts";
import { ref } from "./schemas.ts";

export const faultRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: "/links/{link}/faults",
    name: "listFaults",
    summary: "The faults on a link, oldest first.",
    status: 200,
    answer: listOf(ref("Fault"), "the faults"),
    refusals: [404],
    run: ({ world, params }) => world.link(params["link"] ?? "").faults.views(),
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
    run: ({ world, params, body }) => world.onLink(params["link"] ?? "", (link) => link.faults.lay(body as NewFault)),
  },
  {
    method: "DELETE",
    path: "/links/{link}/faults",
    name: "deleteFaults",
    summary: "Lifts all faults of a link.",
    status: 204,
    refusals: [404],
    run: ({ world, params }) => world.onLink(params["link"] ?? "", (link) => link.faults.liftAll()),
  },
  {
    method: "GET",
    path: "/links/{link}/faults/{fault}",
    name: "readFault",
    summary: "One fault.",
    status: 200,
    answer: ref("Fault"),
    refusals: [404],
    run: ({ world, params }) => world.link(params["link"] ?? "").faults.view(params["fault"] ?? ""),
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
      world.onLink(params["link"] ?? "", (link) => link.faults.change(params["fault"] ?? "", body as FaultChange)),
  },
  {
    method: "DELETE",
    path: "/links/{link}/faults/{fault}",
    name: "deleteFault",
    summary: "Lifts a fault.",
    status: 204,
    refusals: [404],
    run: ({ world, params }) => world.onLink(params["link"] ?? "", (link) => link.faults.lift(params["fault"] ?? "")),
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
      world.onLink(params["link"] ?? "", (link) => link.faults.layProfile((body as { profile: string }).profile)),
  },
];

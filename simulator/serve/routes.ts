// Every route of the simulator's API: server and document are made from them.
import type { ApiRoute } from "./api-route.ts";
import { faultRoutes } from "./fault-routes.ts";
import { linkRoutes } from "./link-routes.ts";
import { panelRoutes } from "./panel-routes.ts";
import { worldRoutes } from "./world-routes.ts";

export const routes: readonly ApiRoute[] = [...worldRoutes, ...panelRoutes, ...linkRoutes, ...faultRoutes];

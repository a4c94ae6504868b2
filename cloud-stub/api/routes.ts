// All REST resources, one file each; every route says who may use it (access.ts).
import type { FastifyInstance } from "fastify";
import type { DeviceRemoval } from "../devices/device-removal.ts";
import type { RemoteAccess } from "../remote-access/remote-access.ts";
import type { Services } from "../services.ts";
import { registerAuditRoutes } from "./audit.ts";
import { registerDeviceRegistrationRoutes } from "./device-registration.ts";
import { registerEventRoutes } from "./events.ts";
import { registerGroupRoutes } from "./groups.ts";
import { registerIdentityRoutes } from "./identity.ts";
import { registerInventoryRoutes } from "./inventory.ts";
import { registerLoginRoutes } from "./login.ts";
import { registerOperationRoutes } from "./operations.ts";
import { registerRemoteAccessRoutes } from "./remote-access.ts";
import { registerSubscriptionRoutes } from "./subscriptions.ts";
import { registerTenantRoutes } from "./tenant.ts";
import { registerTenantOptionRoutes } from "./tenant-options.ts";
import { registerUserRoutes } from "./users.ts";

export interface RouteDeps extends Services {
  readonly removal: DeviceRemoval;
  readonly remoteAccess: RemoteAccess;
}

export function registerRoutes(app: FastifyInstance, deps: RouteDeps): void {
  registerLoginRoutes(app, deps);
  registerUserRoutes(app, deps);
  registerGroupRoutes(app, deps);
  registerTenantRoutes(app, deps);
  registerTenantOptionRoutes(app, deps);
  registerSubscriptionRoutes(app, deps);
  registerInventoryRoutes(app, {
    ...deps,
    endpointsFragment: (deviceId) => deps.remoteAccess.endpointsFragment(deviceId),
  });
  registerIdentityRoutes(app, deps);
  registerDeviceRegistrationRoutes(app, deps);
  registerOperationRoutes(app, deps);
  registerEventRoutes(app, deps);
  registerAuditRoutes(app, deps);
  registerRemoteAccessRoutes(app, deps);
}

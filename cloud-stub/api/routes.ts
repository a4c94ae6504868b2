// All REST resources, one file each; every route says who may use it (access.ts).
import type { FastifyInstance } from "fastify";
import type { DeviceRemoval } from "../devices/device-removal.ts";
import type { RemoteAccess } from "../remote-access/remote-access.ts";
import type { Services } from "../services.ts";
import { registerAlarmRoutes } from "./alarms.ts";
import { registerAuditRoutes } from "./audit.ts";
import { registerBulkRegistrationRoute } from "./bulk-registration.ts";
import { registerCertificateAuthorityRoutes } from "./certificate-authority.ts";
import { registerDeviceAccessTokenRoute } from "./device-access-token.ts";
import { registerDeviceRegistrationRoutes } from "./device-registration.ts";
import { registerEnrolmentRoutes } from "./enrolment.ts";
import { registerEventRoutes } from "./events.ts";
import { registerFileRoutes } from "./files.ts";
import { registerGroupRoutes } from "./groups.ts";
import { registerIdentityRoutes } from "./identity.ts";
import { registerInventoryRoutes } from "./inventory.ts";
import { registerLoginRoutes } from "./login.ts";
import { registerMeasurementRoutes } from "./measurements.ts";
import { registerOperationRoutes } from "./operations.ts";
import { registerRemoteAccessRoutes } from "./remote-access.ts";
import { registerSubscriptionRoutes } from "./subscriptions.ts";
import { registerTenantRoutes } from "./tenant.ts";
import { registerTenantOptionRoutes } from "./tenant-options.ts";
import { registerTrustedCertificateRoutes } from "./trusted-certificates.ts";
import { registerUserRoutes } from "./users.ts";

export interface RouteDeps extends Services {
  readonly removal: DeviceRemoval;
  readonly remoteAccess: RemoteAccess;
  /** Port of the encrypted side, as devices reach it; undefined where nobody knows. */
  readonly httpsPort?: number;
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
  registerBulkRegistrationRoute(app, deps);
  registerTrustedCertificateRoutes(app, deps);
  registerCertificateAuthorityRoutes(app, deps);
  registerEnrolmentRoutes(app, deps);
  registerDeviceAccessTokenRoute(app, deps);
  registerOperationRoutes(app, deps);
  registerEventRoutes(app, deps);
  registerMeasurementRoutes(app, deps);
  registerAlarmRoutes(app, deps);
  registerFileRoutes(app, deps);
  registerAuditRoutes(app, deps);
  registerRemoteAccessRoutes(app, deps);
}

// The table of who may use which route, and the routes as the application has them.
import type { Access } from "#cloud-stub/api/access.ts";
import { startApp } from "#cloud-stub/api/app.ts";
import { registerRoutes } from "#cloud-stub/api/routes.ts";
import { DeviceRemoval } from "#cloud-stub/devices/device-removal.ts";
import { RemoteAccess } from "#cloud-stub/remote-access/remote-access.ts";
import type { CloudBench } from "./cloud-bench.ts";

/** Every route, and who may use it; "+device" is a device for what is its own. */
export const routeTable = `
DELETE /devicecontrol/newDeviceRequests/:id | ROLE_DEVICE_CONTROL_ADMIN
DELETE /event/events/:id/binaries | ROLE_EVENT_ADMIN+device
DELETE /inventory/binaries/:id | ROLE_INVENTORY_ADMIN+device
DELETE /inventory/managedObjects/:id | ROLE_INVENTORY_ADMIN
DELETE /measurement/measurements | ROLE_MEASUREMENT_ADMIN
DELETE /measurement/measurements/:id | ROLE_MEASUREMENT_ADMIN
DELETE /service/remoteaccess/devices/:deviceId/configurations/:id | ROLE_REMOTE_ACCESS_ADMIN
DELETE /service/remoteaccess/sessions/:id | ROLE_REMOTE_ACCESS_ADMIN
DELETE /tenant/options/:category/:key | ROLE_OPTION_MANAGEMENT_ADMIN
DELETE /tenant/tenants/:tenant/applications/:id | ROLE_TENANT_ADMIN
DELETE /tenant/tenants/:tenant/trusted-certificates/:fingerprint | ROLE_TENANT_MANAGEMENT_ADMIN|ROLE_TENANT_ADMIN
DELETE /user/:tenant/groups/:id | ROLE_USER_MANAGEMENT_ADMIN
DELETE /user/:tenant/groups/:id/roles/:role | ROLE_USER_MANAGEMENT_ADMIN
DELETE /user/:tenant/groups/:id/users/:name | ROLE_USER_MANAGEMENT_ADMIN
DELETE /user/:tenant/users/:name | ROLE_USER_MANAGEMENT_ADMIN
DELETE /user/:tenant/users/:name/roles/:role | ROLE_USER_MANAGEMENT_ADMIN
GET /alarm/alarms | ROLE_ALARM_READ+device
GET /alarm/alarms/:id | ROLE_ALARM_READ+device
GET /alarm/alarms/count | ROLE_ALARM_READ+device
GET /application/applications | login
GET /audit/auditRecords | ROLE_AUDIT_READ
GET /audit/auditRecords/:id | ROLE_AUDIT_READ
GET /devicecontrol/newDeviceRequests | ROLE_DEVICE_CONTROL_READ
GET /devicecontrol/newDeviceRequests/:id | ROLE_DEVICE_CONTROL_READ
GET /devicecontrol/operations | ROLE_DEVICE_CONTROL_READ+device
GET /devicecontrol/operations/:id | ROLE_DEVICE_CONTROL_READ+device
GET /event/events | ROLE_EVENT_READ+device
GET /event/events/:id | ROLE_EVENT_READ+device
GET /event/events/:id/binaries | ROLE_EVENT_READ+device
GET /features/certificate-authority | login
GET /identity/externalIds/:type/:externalId | ROLE_INVENTORY_READ+device
GET /identity/globalIds/:id/externalIds | ROLE_INVENTORY_READ+device
GET /inventory/binaries | ROLE_INVENTORY_READ+device
GET /inventory/binaries/:id | ROLE_INVENTORY_READ+device
GET /inventory/managedObjects | ROLE_INVENTORY_READ+device
GET /inventory/managedObjects/:id | ROLE_INVENTORY_READ+device
GET /measurement/measurements | ROLE_MEASUREMENT_READ+device
GET /measurement/measurements/:id | ROLE_MEASUREMENT_READ+device
GET /service/remoteaccess/devices/:deviceId/configurations | ROLE_REMOTE_ACCESS_READ
GET /service/remoteaccess/devices/:deviceId/configurations/:id | ROLE_REMOTE_ACCESS_READ
GET /service/remoteaccess/health | public
GET /service/remoteaccess/sessions | ROLE_REMOTE_ACCESS_ADMIN
GET /tenant/currentTenant | login
GET /tenant/loginOptions | public
GET /tenant/options | ROLE_OPTION_MANAGEMENT_READ
GET /tenant/options/:category | ROLE_OPTION_MANAGEMENT_READ
GET /tenant/options/:category/:key | ROLE_OPTION_MANAGEMENT_READ
GET /tenant/system/options/:category/:key | login
GET /tenant/tenants/:tenant/applications | login
GET /tenant/tenants/:tenant/trusted-certificates | ROLE_TENANT_MANAGEMENT_READ|ROLE_TENANT_ADMIN
GET /tenant/tenants/:tenant/trusted-certificates/:fingerprint | ROLE_TENANT_MANAGEMENT_READ|ROLE_TENANT_ADMIN
GET /user/:tenant/groupByName/:name | ROLE_USER_MANAGEMENT_READ
GET /user/:tenant/groups | ROLE_USER_MANAGEMENT_READ
GET /user/:tenant/groups/:id | ROLE_USER_MANAGEMENT_READ
GET /user/:tenant/groups/:id/roles | ROLE_USER_MANAGEMENT_READ
GET /user/:tenant/groups/:id/users | ROLE_USER_MANAGEMENT_READ
GET /user/:tenant/users | ROLE_USER_MANAGEMENT_READ
GET /user/:tenant/users/:name | ROLE_USER_MANAGEMENT_READ
GET /user/:tenant/users/:name/groups | ROLE_USER_MANAGEMENT_READ
GET /user/currentUser | login
GET /user/roles | ROLE_USER_MANAGEMENT_READ
GET /user/roles/:role | ROLE_USER_MANAGEMENT_READ
POST /.well-known/est/simpleenroll | self
POST /.well-known/est/simplereenroll | device
POST /alarm/alarms | ROLE_ALARM_ADMIN+device
POST /certificate-authority | ROLE_TENANT_MANAGEMENT_ADMIN|ROLE_TENANT_ADMIN
POST /certificate-authority/renew | ROLE_TENANT_MANAGEMENT_ADMIN|ROLE_TENANT_ADMIN
POST /devicecontrol/bulkNewDeviceRequests | ROLE_DEVICE_CONTROL_ADMIN
POST /devicecontrol/deviceAccessToken | self
POST /devicecontrol/deviceCredentials | bootstrap
POST /devicecontrol/newDeviceRequests | ROLE_DEVICE_CONTROL_ADMIN
POST /devicecontrol/newDeviceRequests/acceptAll | ROLE_DEVICE_CONTROL_ADMIN
POST /devicecontrol/operations | ROLE_DEVICE_CONTROL_ADMIN
POST /event/events | device
POST /event/events/:id/binaries | ROLE_EVENT_ADMIN+device
POST /inventory/binaries | ROLE_INVENTORY_CREATE+device
POST /measurement/measurements | ROLE_MEASUREMENT_ADMIN+device
POST /service/remoteaccess/devices/:deviceId/configurations | ROLE_REMOTE_ACCESS_ADMIN
POST /service/remoteaccess/devices/:deviceId/configurations/:id/check | ROLE_REMOTE_ACCESS_ADMIN
POST /service/remoteaccess/devices/:deviceId/configurations/check | ROLE_REMOTE_ACCESS_ADMIN
POST /service/remoteaccess/keypair/generate | ROLE_REMOTE_ACCESS_ADMIN
POST /tenant/oauth | public
POST /tenant/oauth/token | public
POST /tenant/options | ROLE_OPTION_MANAGEMENT_ADMIN
POST /tenant/tenants/:tenant/applications | ROLE_TENANT_ADMIN
POST /tenant/tenants/:tenant/trusted-certificates | ROLE_TENANT_MANAGEMENT_ADMIN|ROLE_TENANT_ADMIN
POST /tenant/tenants/:tenant/trusted-certificates-pop/:fingerprint/pop | ROLE_TENANT_MANAGEMENT_ADMIN|ROLE_TENANT_ADMIN
POST /tenant/tenants/:tenant/trusted-certificates-pop/:fingerprint/verification-code | ROLE_TENANT_MANAGEMENT_ADMIN|ROLE_TENANT_ADMIN
POST /tenant/tenants/:tenant/trusted-certificates/bulk | ROLE_TENANT_MANAGEMENT_ADMIN|ROLE_TENANT_ADMIN
POST /user/:tenant/groups | ROLE_USER_MANAGEMENT_ADMIN
POST /user/:tenant/groups/:id/roles | ROLE_USER_MANAGEMENT_ADMIN
POST /user/:tenant/groups/:id/users | ROLE_USER_MANAGEMENT_ADMIN
POST /user/:tenant/users | ROLE_USER_MANAGEMENT_ADMIN
POST /user/:tenant/users/:name/roles | ROLE_USER_MANAGEMENT_ADMIN
POST /user/logout | login
PUT /alarm/alarms/:id | ROLE_ALARM_ADMIN+device
PUT /devicecontrol/newDeviceRequests/:id | ROLE_DEVICE_CONTROL_ADMIN
PUT /devicecontrol/operations/:id | ROLE_DEVICE_CONTROL_ADMIN+device
PUT /features/certificate-authority/by-tenant | ROLE_TENANT_MANAGEMENT_ADMIN|ROLE_TENANT_ADMIN
PUT /inventory/managedObjects/:id | ROLE_INVENTORY_ADMIN+device
PUT /service/remoteaccess/devices/:deviceId/configurations/:id | ROLE_REMOTE_ACCESS_ADMIN
PUT /tenant/options/:category/:key | ROLE_OPTION_MANAGEMENT_ADMIN
PUT /tenant/tenants/:tenant/trusted-certificates/:fingerprint | ROLE_TENANT_MANAGEMENT_ADMIN|ROLE_TENANT_ADMIN
PUT /user/:tenant/groups/:id | ROLE_USER_MANAGEMENT_ADMIN
PUT /user/:tenant/users/:name | ROLE_USER_MANAGEMENT_ADMIN
PUT /user/:tenant/users/:name/password | ROLE_USER_MANAGEMENT_ADMIN
PUT /user/currentUser/password | login
`.trim();

/** The routes as the application has them. */
export async function collectRoutes(bench: CloudBench): Promise<ReadonlyMap<string, Access>> {
  const found: [string, Access][] = [];
  const peer = { address: "", port: 0, localPort: 0, isEncrypted: false };
  const remoteAccess = new RemoteAccess(bench);
  const removal = new DeviceRemoval({ ...bench, disconnect: () => {} });
  const app = await startApp({ ...bench, consoleDir: undefined, peerOf: () => peer }, (routes) => {
    routes.addHook("onRoute", ({ method, url, config }) => {
      // fastify makes a HEAD for each GET.
      for (const one of [method].flat()) {
        if (one !== "HEAD" && config?.access !== undefined) found.push([`${one} ${url}`, config.access]);
      }
    });
    registerRoutes(routes, { ...bench, removal, remoteAccess });
  });
  await remoteAccess.stop();
  await app.close();
  return new Map(found.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** As the table writes it. */
export function accessWords(access: Access): string {
  if (typeof access === "string") return access;
  if ("deviceOnly" in access) return "device";
  const either = [access.role, access.orRole ?? []].flat().join("|");
  return `${either}${access.orDevice === true ? "+device" : ""}`;
}

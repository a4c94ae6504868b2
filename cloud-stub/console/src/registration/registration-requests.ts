// Requests to register a gateway, as the cloud keeps them.
import { getJson, postFiles, postJson, putJson, remove } from "../cloud/api-client.ts";
import { ApiError } from "../cloud/api-error.ts";

const base = "/devicecontrol/newDeviceRequests";

export interface RegistrationRequest {
  readonly id: string;
  readonly status: string;
  readonly creationTime?: string;
}

export async function fetchRegistrationRequests(signal: AbortSignal): Promise<readonly RegistrationRequest[]> {
  const answer = await getJson<{ readonly newDeviceRequests: readonly RegistrationRequest[] }>(
    `${base}?pageSize=200`,
    signal,
  );
  return answer.newDeviceRequests;
}

export function requestRegistration(deviceId: string): Promise<unknown> {
  return postJson(base, { id: deviceId });
}

/** `securityToken`: of a gateway that has sent one. */
export function acceptRegistration(deviceId: string, securityToken?: string): Promise<unknown> {
  const token = securityToken === undefined ? {} : { securityToken };
  return putJson(`${base}/${encodeURIComponent(deviceId)}`, { status: "ACCEPTED", ...token });
}

interface BulkAnswer {
  readonly failedCreationList: readonly { readonly failureReason: string }[];
}

/** Lets a gateway get its certificate with a one-time password: the call for many devices, with one. */
export async function offerCertificate(deviceId: string, oneTimePassword: string): Promise<void> {
  const cells = [deviceId, "CERTIFICATES", oneTimePassword].map((text) => `"${text.replaceAll('"', '""')}"`);
  const files = new FormData();
  const rows = `ID,AUTH_TYPE,ENROLLMENT_OTP\n${cells.join(",")}\n`;
  files.append("file", new Blob([rows], { type: "text/csv" }), "devices.csv");
  const answer = await postFiles<BulkAnswer>("/devicecontrol/bulkNewDeviceRequests", files);
  const [failed] = answer.failedCreationList;
  if (failed !== undefined) throw new ApiError("api.invalid", readRowError(failed.failureReason), 0);
}

/** The cloud names the columns of the file; here they are fields. */
function readRowError(reason: string): string {
  return reason.replace(/^ID: /, "The device ID ").replace(/^ENROLLMENT_OTP: /, "The one-time password ");
}

export function removeRegistration(deviceId: string): Promise<void> {
  return remove(`${base}/${encodeURIComponent(deviceId)}`);
}

// What a refused certificate or request for one means over HTTP, and who may manage them.
import { CertificateError } from "../certificates/certificate-error.ts";
import { unprocessable } from "./api-error.ts";

/** protocol.md 6: either of the two. */
export const readTrust = {
  config: { access: { role: "ROLE_TENANT_MANAGEMENT_READ", orRole: "ROLE_TENANT_ADMIN" } as const },
};
export const changeTrust = {
  config: { access: { role: "ROLE_TENANT_MANAGEMENT_ADMIN", orRole: "ROLE_TENANT_ADMIN" } as const },
};

/** Runs what may throw a CertificateError; that becomes a 422 which names the field. */
export async function certified<Result>(area: string, field: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CertificateError)
      throw unprocessable(area, `${field}: this cannot be used, because ${error.message}`);
    throw error;
  }
}

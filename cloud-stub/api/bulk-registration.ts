// /devicecontrol/bulkNewDeviceRequests: many devices from one file of rows (protocol.md 2.6).
import type { FastifyInstance } from "fastify";
import type { BulkRegistration, RowOutcome } from "../devices/bulk-registration.ts";
import { RowsError } from "../devices/rows-of-devices.ts";
import { principalOf } from "./access.ts";
import { ApiError, unprocessable } from "./api-error.ts";
import { readFormParts } from "./form-parts.ts";

const area = "devicecontrol";

/** Has its own parser of forms, so that no other route takes one. */
export function registerBulkRegistrationRoute(
  app: FastifyInstance,
  deps: { readonly bulkRegistration: BulkRegistration },
): void {
  const access = { role: "ROLE_DEVICE_CONTROL_ADMIN" } as const;
  app.register(async (forms) => {
    forms.removeAllContentTypeParsers();
    forms.addContentTypeParser(/^multipart\/form-data(?:\s*;.*)?$/i, { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
    forms.post("/devicecontrol/bulkNewDeviceRequests", { config: { access } }, async (request, reply) => {
      if (!Buffer.isBuffer(request.body))
        throw new ApiError(415, "general/unsupportedMediaType", "Send a form with a file.");
      const parts = readFormParts(request.body, request.headers["content-type"] ?? "");
      const file = parts.find(({ name }) => name === "file");
      if (file === undefined) throw unprocessable(area, "file: this part of the form is missing");
      const outcomes = await run(deps.bulkRegistration, file.content.toString("utf8"), principalOf(request).userName);
      return reply.code(201).send(document(outcomes));
    });
  });
}

async function run(bulk: BulkRegistration, text: string, userName: string): Promise<readonly RowOutcome[]> {
  try {
    return await bulk.run(text, userName);
  } catch (error) {
    if (error instanceof RowsError) throw unprocessable(area, `${error.message}.`);
    throw error;
  }
}

function document(outcomes: readonly RowOutcome[]): Record<string, unknown> {
  const of = (status: RowOutcome["status"]) => outcomes.filter((one) => one.status === status);
  const failed = outcomes.filter((one) => one.status === "FAILED");
  return {
    numberOfAll: outcomes.length,
    numberOfCreated: of("CREATED").length,
    numberOfFailed: failed.length,
    numberOfSuccessful: outcomes.length - failed.length,
    credentialUpdatedList: of("CREDENTIAL_UPDATED").map(({ status, id }) => ({
      bulkNewDeviceStatus: status,
      deviceId: id,
    })),
    failedCreationList: failed.map(({ status, id, line, why }) => ({
      bulkNewDeviceStatus: status,
      ...(id === undefined ? {} : { deviceId: id.slice(0, 100) }),
      failureReason: why,
      line: String(line),
    })),
  };
}

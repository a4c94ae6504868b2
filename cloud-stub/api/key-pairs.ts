// /service/remoteaccess/keypair/generate: a new pair of keys for an SSH endpoint (protocol.md 5.6); nothing of it is kept here.
import type { FastifyInstance, RouteShorthandOptions } from "fastify";
import { generateKeyPair } from "../remote-access/keys/generate-key-pair.ts";
import { ApiError, unprocessable } from "./api-error.ts";
import { optionalTextField, readBody } from "./body.ts";

const area = "remoteaccess";
const algorithms = ["ED25519", "RSA", "ECDSA"] as const;
/** Pairs that may be in the making at the same time; RSA takes seconds of one core. */
const makingMax = 4;

/** `options`: who may use it. */
export function registerKeyPairRoute(app: FastifyInstance, options: RouteShorthandOptions): void {
  let making = 0;
  app.post("/service/remoteaccess/keypair/generate", options, async (request) => {
    const body = readBody(request, { mayBeAbsent: true });
    const hostname = optionalTextField(body, area, "hostname", 253) ?? "";
    const wanted = optionalTextField(body, area, "algorithm", 20) ?? "ED25519";
    const algorithm = algorithms.find((known) => known === wanted);
    if (algorithm === undefined) throw unprocessable(area, `algorithm: must be one of ${algorithms.join(", ")}`);
    if (making >= makingMax) {
      throw new ApiError(503, "general/unavailable", "Too many key pairs are being made; try again.");
    }
    making += 1;
    try {
      const comment = hostname.replace(/[^A-Za-z0-9._:-]/g, "");
      const { publicKey, privateKey } = await generateKeyPair({
        algorithm,
        comment: comment === "" ? "postern" : `postern@${comment}`,
      });
      return { publicKey, privateKey };
    } finally {
      making -= 1;
    }
  });
}

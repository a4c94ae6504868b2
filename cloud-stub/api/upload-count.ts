// How many files may be on their way to the cloud at a time: each is whole in memory.
import type { FastifyReply, FastifyRequest } from "fastify";
import { principalOf } from "./access.ts";
import { ApiError } from "./api-error.ts";

/** Altogether, and from one login. */
const uploadsMax = 8;
const uploadsPerOwnerMax = 2;

/** Counts an upload until its answer is out, or refuses it; `uploads`: those under way, by login. */
export async function countUpload(
  uploads: Map<string, number>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (request.method !== "POST") return;
  const owner = principalOf(request).userName;
  const ofOwner = uploads.get(owner) ?? 0;
  const all = [...uploads.values()].reduce((sum, count) => sum + count, 0);
  if (all >= uploadsMax || ofOwner >= uploadsPerOwnerMax) {
    throw new ApiError(503, "general/unavailable", "Too many files are being sent; try again.");
  }
  uploads.set(owner, ofOwner + 1);
  reply.raw.once("close", () => {
    const rest = (uploads.get(owner) ?? 1) - 1;
    if (rest > 0) uploads.set(owner, rest);
    else uploads.delete(owner);
  });
}

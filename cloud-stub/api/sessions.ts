// /service/remoteaccess/sessions: who is connected to what at this moment, and ending it.
import type { FastifyInstance } from "fastify";
import type { Audit } from "../audit/audit.ts";
import type { RemoteAccess } from "../remote-access/remote-access.ts";
import type { SessionSummary } from "../remote-access/session.ts";
import { principalOf } from "./access.ts";
import { notFound } from "./api-error.ts";

const path = "/service/remoteaccess/sessions";

export function registerSessionRoutes(
  app: FastifyInstance,
  deps: { readonly remoteAccess: RemoteAccess; readonly audit: Audit },
): void {
  const { remoteAccess, audit } = deps;
  const admin = { config: { access: { role: "ROLE_REMOTE_ACCESS_ADMIN" } as const } };

  app.get(path, admin, async () => ({ sessions: remoteAccess.list().map(answer) }));

  app.delete(`${path}/:id`, admin, async (request, reply) => {
    const { id } = request.params as { readonly id: string };
    const session = remoteAccess.list().find((live) => live.id === id);
    if (session === undefined || !remoteAccess.endSession(id, "session.ended-by-admin")) {
      throw notFound("remoteaccess", "There is no such session; it may have ended.");
    }
    await audit.record({
      type: "Operation",
      activity: "Remote access session ended by an administrator",
      text: `The remote access session of ${session.userName} to '${session.endpointName}' was ended.`,
      deviceId: session.deviceId,
      userName: principalOf(request).userName,
      fields: { postern_Session: { session: id, endpoint: session.endpointId, endpointName: session.endpointName } },
    });
    return reply.code(204).send();
  });
}

function answer({ requestedAtMs, ...session }: SessionSummary): Readonly<Record<string, unknown>> {
  return { ...session, requestedTime: new Date(requestedAtMs).toISOString() };
}

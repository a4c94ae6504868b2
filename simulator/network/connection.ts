// One end of a simulated TCP connection as the network port shows it.
import type { Connection } from "#hardware/ports.ts";
import type { Conversation } from "./conversation.ts";
import type { Endpoint } from "./endpoint.ts";

export function connectionOf(conversation: Conversation, side: "client" | "server", endpoint: Endpoint): Connection {
  const [local, remote] =
    side === "client" ? [conversation.client, conversation.server] : [conversation.server, conversation.client];
  const seen = remote.seenAs ?? remote;
  return {
    stream: endpoint,
    remoteAddress: seen.address,
    remotePort: seen.port,
    localAddress: local.address,
    localPort: local.port,
    heldBytes: () => endpoint.heldBytes(),
    delivery: async () => (endpoint.isClosed ? undefined : conversation.delivery(side)),
    reset: () => endpoint.reset(),
  };
}

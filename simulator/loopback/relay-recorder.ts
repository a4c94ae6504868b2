// Records a run on real sockets: what passes through the relays, the same lines as in memory, at real times.
import { RunRecorder } from "../record/run-recorder.ts";
import type { RealClock } from "./real-clock.ts";
import type { RelayNetwork } from "./relay-network.ts";

export class RelayRecorder extends RunRecorder {
  constructor(clock: RealClock, relays: RelayNetwork, isEnciphered: (server: string) => boolean) {
    const startedAtMs = clock.monotonicMs();
    super(() => Math.round(clock.monotonicMs() - startedAtMs));
    relays.watchArrivals(({ client, server }, arrival) => {
      const link = [client.host, server.host].sort().join("-");
      this.arrived({ link, client, server, arrival, isEnciphered: isEnciphered(server.host) });
    });
  }
}

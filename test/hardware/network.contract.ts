// What every form of the network port does.
import { describeConnections } from "./network/connections.contract.ts";
import { describeDialling } from "./network/dialling.contract.ts";
import { describeListening } from "./network/listening.contract.ts";
import { describeNames } from "./network/names.contract.ts";
import { describeStartTls } from "./network/start-tls.contract.ts";
import { describeTls } from "./network/tls.contract.ts";
import { describeSessions } from "./network/tls-sessions.contract.ts";
import type { NetworkUnderTest } from "./network/world.ts";

export type { NetworkUnderTest, OpenTlsServer, TlsServerKind } from "./network/world.ts";

export function describeNetworkContract(form: string, make: () => Promise<NetworkUnderTest>): void {
  describeConnections(form, make);
  describeDialling(form, make);
  describeTls(form, make);
  describeStartTls(form, make);
  describeSessions(form, make);
  describeListening(form, make);
  describeNames(form, make);
}

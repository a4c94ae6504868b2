// All ready-made scenarios by name: what `postern sim list` shows and `postern sim run` finds.
import { unknownWord } from "../faults/nearest-word.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import type { Scenario } from "../scenario.ts";
import { scenario as blackHoleWhileTyping } from "./black-hole-while-typing.ts";
import { scenario as brokerKicksFiveTimes } from "./broker-kicks-five-times.ts";
import { scenario as bytesInSmallPieces } from "./bytes-in-small-pieces.ts";
import { scenario as captivePortalAtStart } from "./captive-portal-at-start.ts";
import { scenario as cardTurnedReadOnly } from "./card-turned-read-only.ts";
import { scenario as certificateNotToBeBelieved } from "./certificate-not-to-be-believed.ts";
import { scenario as clockAt1970 } from "./clock-at-1970.ts";
import { scenario as cloudKilledInMidSession } from "./cloud-killed-in-mid-session.ts";
import { scenario as cloudRestartsUnderThreeSessions } from "./cloud-restarts-under-three-sessions.ts";
import { scenario as copiedCard } from "./copied-card.ts";
import { scenario as corruptedLink } from "./corrupted-link.ts";
import { scenario as diskFullAtRegistration } from "./disk-full-at-registration.ts";
import { scenario as dnsPointsElsewhere } from "./dns-points-elsewhere.ts";
import { scenario as dnsSaysNo } from "./dns-says-no.ts";
import { scenario as doubleDial } from "./double-dial.ts";
import { scenario as dslResync } from "./dsl-resync.ts";
import { scenario as endpointRemovedUnderLoad } from "./endpoint-removed-under-load.ts";
import { scenario as forkliftDrivesBy } from "./forklift-drives-by.ts";
import { scenario as guestNetwork } from "./guest-network.ts";
import { scenario as halfOpenPanel } from "./half-open-panel.ts";
import { scenario as lteAtTheEdge } from "./lte-at-the-edge.ts";
import { scenario as lteStallsAndReturns } from "./lte-stalls-and-returns.ts";
import { scenario as modemHangs } from "./modem-hangs.ts";
import { scenario as oneWayPartition } from "./one-way-partition.ts";
import { scenario as operatorOnABadLine } from "./operator-on-a-bad-line.ts";
import { scenario as panelProgramNotRunning } from "./panel-program-not-running.ts";
import { scenario as panelResetsAtThirdUpdate } from "./panel-resets-at-third-update.ts";
import { scenario as policyRefuses } from "./policy-refuses.ts";
import { scenario as powerCutAfterAnnouncement } from "./power-cut-after-announcement.ts";
import { scenario as powerCutAtEachDiskChange } from "./power-cut-at-each-disk-change.ts";
import { scenario as proxyWantsALogin } from "./proxy-wants-a-login.ts";
import { scenario as resetStorm } from "./reset-storm.ts";
import { scenario as slowReaderTakesBulk } from "./slow-reader-takes-bulk.ts";
import { scenario as sshLegacyKeyExchange } from "./ssh-legacy-key-exchange.ts";
import { scenario as telnetOverSatellite } from "./telnet-over-satellite.ts";
import { scenario as thinLine9600 } from "./thin-line-9600.ts";
import { scenario as tornCredentials } from "./torn-credentials.ts";
import { scenario as uplinkSwapInMidSession } from "./uplink-swap-in-mid-session.ts";
import { scenario as vncFourProducts } from "./vnc-four-products.ts";
import { scenario as vncFussyPanels } from "./vnc-fussy-panels.ts";
import { scenario as vncOddColours } from "./vnc-odd-colours.ts";
import { scenario as vncOddGreetings } from "./vnc-odd-greetings.ts";
import { scenario as vncOneClientOnly } from "./vnc-one-client-only.ts";
import { scenario as vncPasswords } from "./vnc-passwords.ts";
import { scenario as watchdogStarves } from "./watchdog-starves.ts";

/** In the order of their names. */
export const scenarios: readonly Scenario[] = [
  blackHoleWhileTyping,
  brokerKicksFiveTimes,
  bytesInSmallPieces,
  captivePortalAtStart,
  cardTurnedReadOnly,
  certificateNotToBeBelieved,
  clockAt1970,
  cloudKilledInMidSession,
  cloudRestartsUnderThreeSessions,
  copiedCard,
  corruptedLink,
  diskFullAtRegistration,
  dnsPointsElsewhere,
  dnsSaysNo,
  doubleDial,
  dslResync,
  endpointRemovedUnderLoad,
  forkliftDrivesBy,
  guestNetwork,
  halfOpenPanel,
  lteAtTheEdge,
  lteStallsAndReturns,
  modemHangs,
  oneWayPartition,
  operatorOnABadLine,
  panelProgramNotRunning,
  panelResetsAtThirdUpdate,
  policyRefuses,
  powerCutAfterAnnouncement,
  powerCutAtEachDiskChange,
  proxyWantsALogin,
  resetStorm,
  slowReaderTakesBulk,
  sshLegacyKeyExchange,
  telnetOverSatellite,
  thinLine9600,
  tornCredentials,
  uplinkSwapInMidSession,
  vncFourProducts,
  vncFussyPanels,
  vncOddColours,
  vncOddGreetings,
  vncOneClientOnly,
  vncPasswords,
  watchdogStarves,
];

/** Throws a ScenarioError that names the nearest known one. */
export function findScenario(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const names = scenarios.map((scenario) => scenario.name);
  throw new ScenarioError("scenario.unknown-name", unknownWord("ready-made scenario", name, names));
}

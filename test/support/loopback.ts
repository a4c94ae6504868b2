// Real sockets on loopback: an operator who knows only Cumulocity's API, and panels in the test's own process.
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { realPatience } from "#simulator/operator/real-patience.ts";
import { Operator } from "#simulator/operator.ts";
import type { PanelProgram, RunningPanel } from "#simulator/panels/panel.ts";
import { adminPassword, type RunningCloud } from "./running-cloud.ts";

/** The administrator of a running cloud. */
export function operatorOf(cloud: RunningCloud, password = adminPassword): Operator {
  return new Operator({
    network: openLinuxNetwork(),
    patience: realPatience(linuxClock),
    random: linuxRandom,
    cloud: { host: "localhost", httpsPort: cloud.ports.https, authorities: [cloud.authority] },
    user: "t1000/admin",
    password,
  });
}

/** Starts a panel of the simulator on a free port of loopback. */
export async function startPanel<Running extends RunningPanel>(
  program: PanelProgram<Running>,
  name = "panel",
): Promise<Running> {
  return await program.start({
    name,
    network: openLinuxNetwork(),
    clock: linuxClock,
    random: linuxRandom,
    seed: 7,
    address: "127.0.0.1",
    port: 0,
  });
}

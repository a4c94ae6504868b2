// The operator of a plan whose gateway is new: lets it in while things break, as often as it takes, and enters the panels.
import type { Site } from "../site.ts";
import type { SwarmPlan } from "./swarm-plan.ts";
import { entersDoors, findTargets, type Targets } from "./visitors.ts";

/** Between two attempts of something that failed. */
const againMs = 2_000;

export class Registrar {
  /** Settles when the gateway is in and its panels are entered; never rejects. */
  readonly isDone: Promise<void>;
  readonly #site: Site;
  readonly #plan: SwarmPlan;
  readonly #targets: Targets;

  private constructor(site: Site, plan: SwarmPlan, targets: Targets) {
    this.#site = site;
    this.#plan = plan;
    this.#targets = targets;
    this.isDone = this.#letsIn();
  }

  /** Before anything breaks the gateway is expected and switched on. */
  static async begin(site: Site, plan: SwarmPlan, targets: Targets): Promise<Registrar> {
    await site.operator.expectsDevice(site.deviceId);
    site.powerOn();
    return new Registrar(site, plan, targets);
  }

  async #letsIn(): Promise<void> {
    const { operator, deviceId } = this.#site;
    // What was carried out without its answer having come must not be waited for again.
    await this.#persists(async () => {
      if ((await operator.findsDevice(deviceId)) !== undefined) return;
      const [request] = (await operator.expectedDevices()).filter(({ id }) => id === deviceId);
      if (request?.["status"] !== "ACCEPTED") await operator.acceptsDevice(deviceId);
    }, "lets the gateway in");
    await this.#persists(() => operator.worksWith(deviceId), "looks for the gateway");
    // Before that the cloud opens no session: it does not know that the gateway can.
    await this.#persists(() => operator.seesDeviceOnline(), "looks whether the gateway is online");
    await this.#persists(async () => {
      if ((await operator.endpoints()).length === 0) await this.#site.addsEndpoints();
    }, "enters the panels");
    await this.#persists(() => entersDoors(this.#site, this.#plan), "enters what cannot be had");
    await this.#persists(async () => {
      for (const [name, target] of await findTargets(this.#site)) this.#targets.set(name, target);
    }, "looks at the list of panels");
  }

  async #persists(work: () => Promise<unknown>, what: string): Promise<void> {
    while (true) {
      try {
        await work();
        return;
      } catch {
        // The network is broken now; the site heals at the end, and the wait for this has its limit there.
        this.#site.says(`the operator ${what} again`);
        await this.#site.passes(againMs);
      }
    }
  }
}

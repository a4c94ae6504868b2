// The operator's end of one swarm session: opens it, sends, takes, pauses, leaves, and keeps account of every byte.
import { ClientSession, type Closed, type EndpointAddress } from "../operator/client-session.ts";
import { type CloudHttp, OperatorError } from "../operator/cloud-http.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { Site } from "../site.ts";
import { Arrived, knownBytes, writeOpening } from "./known-bytes.ts";
import type { SessionEvent } from "./swarm-plan.ts";

export class CheckedSession {
  readonly plan: SessionEvent;
  readonly received: Arrived;
  /** When it was asked for, was there, was left and was over, in ms since the site's start. */
  readonly askedAtMs: number;
  openedAtMs: number | undefined;
  /** When the operator left by itself. */
  leftAtMs: number | undefined;
  endedAtMs: number | undefined;
  ending: Closed | undefined;
  /** Why it could not be opened. */
  refusal: string | undefined;
  /** After the opening. */
  sent = 0;
  /** Settles when it is over; rejects only if the operator's own program breaks. */
  readonly finished: Promise<void>;
  readonly #site: Site;
  #session: ClientSession | undefined;
  #wantsToLeave = false;

  /** `http`: of the person whose session it is. */
  constructor(
    site: Site,
    plan: SessionEvent,
    {
      target,
      random,
      http,
    }: { readonly target: EndpointAddress; readonly random: SeededRandom; readonly http: CloudHttp },
  ) {
    this.#site = site;
    this.plan = plan;
    this.askedAtMs = site.clock.monotonicMs();
    this.received = new Arrived(plan.id, "down");
    this.finished = this.#run(target, random, http);
  }

  /** Whether the bytes pass, as far as the client is told. */
  get isOpen(): boolean {
    return this.#session?.steps.includes("open") === true;
  }

  /** The operator has had enough, whatever the plan says. */
  leave(): void {
    this.#wantsToLeave = true;
    if (this.#session !== undefined) this.#leave(this.#session);
  }

  async #run(target: EndpointAddress, random: SeededRandom, http: CloudHttp): Promise<void> {
    const { clock } = this.#site;
    const { hasChannel } = this.plan;
    const options = { subprotocols: hasChannel ? ["postern.session.v1", "binary"] : ["binary"] };
    try {
      const deps = { http, random, patience: clock };
      this.#session = await ClientSession.open(deps, target, options);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.refusal = error.message;
      this.endedAtMs = clock.monotonicMs();
      return;
    }
    this.openedAtMs = clock.monotonicMs();
    const session = this.#session;
    session.onBytes = (bytes) => this.received.take(bytes);
    if (session.bytesReceived > 0) this.received.take(session.received);
    this.#talk(session);
    this.ending = await session.closed;
    this.endedAtMs = clock.monotonicMs();
  }

  #talk(session: ClientSession): void {
    const { clock } = this.#site;
    const { id, up, down, panelThen, lastsMs, pausesMs } = this.plan;
    session.says(writeOpening({ id, ...down, panelThen }));
    const later = (delayMs: number, run: () => void): void => {
      const timer = clock.setNamedTimeout("operator", run, delayMs);
      void session.closed.then(() => clock.clearTimeout(timer));
    };
    const send = (): void => {
      if (session.ending !== undefined || this.leftAtMs !== undefined || this.sent >= up.bytes) return;
      const piece = knownBytes(id, "up", this.sent, Math.min(up.pieceBytes, up.bytes - this.sent));
      this.sent += piece.length;
      session.says(piece);
      later(up.everyMs, send);
    };
    later(up.everyMs, send);
    later(lastsMs, () => this.#leave(session));
    if (pausesMs > 0) {
      later(lastsMs / 3, () => {
        session.pauses();
        later(pausesMs, () => session.resumes());
      });
    }
    if (this.#wantsToLeave) this.#leave(session);
  }

  #leave(session: ClientSession): void {
    if (this.leftAtMs !== undefined || session.ending !== undefined) return;
    this.leftAtMs = this.#site.clock.monotonicMs();
    session.resumes();
    if (this.plan.leaves === "breaks-off") session.breaks();
    else void session.disconnects().catch(() => undefined);
  }
}

// The operation behind one session: created once, watched while the session lives, and finished if the gateway did not.
import { readFailureReason } from "#protocol/close-reason.ts";
import { remoteAccessFragment } from "#protocol/remote-access.ts";
import type { Operation, Operations } from "../devices/operations.ts";
import type { Endpoint } from "./endpoints.ts";
import type { SessionEvent } from "./session.machine.ts";

export class SessionOperation {
  readonly #operations: Operations;
  readonly #tell: (event: SessionEvent) => void;
  #id: string | undefined;
  #hasEnded = false;
  #unwatch: (() => void) | undefined;
  #isReleased = false;

  /** `tell` hears of each status. */
  constructor(operations: Operations, tell: (event: SessionEvent) => void) {
    this.#operations = operations;
    this.#tell = tell;
  }

  /** Creates it and watches it from now on; gives its id. Rejects if it cannot be created. */
  async create(endpoint: Endpoint, userName: string, connectionKey: string): Promise<string> {
    const operation = await this.#operations.create({
      deviceId: endpoint.deviceId,
      description: `Opening remote access tunnel to '${endpoint.name}'`,
      fragments: {
        [remoteAccessFragment]: { hostname: endpoint.hostname, port: endpoint.port, connectionKey },
      },
      userName,
    });
    this.#id = operation.id;
    if (!this.#isReleased) {
      this.#unwatch = this.#operations.watch(operation.id, (changed) => this.#changed(changed));
    }
    return operation.id;
  }

  /** Tells the present status: the operation may have moved on before it was watched. */
  async tellPresent(): Promise<void> {
    const present = this.#id === undefined ? undefined : await this.#operations.get(this.#id);
    if (present !== undefined && !this.#isReleased) this.#changed(present);
  }

  /** Ends it unless it has ended. */
  async end(status: "SUCCESSFUL" | "FAILED", failureReason?: string): Promise<void> {
    if (this.#id === undefined || this.#hasEnded) return;
    this.#hasEnded = true;
    await this.#operations.setStatus(this.#id, status, failureReason);
  }

  /** Watches no longer. */
  release(): void {
    this.#isReleased = true;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #changed(operation: Operation): void {
    switch (operation.status) {
      case "PENDING":
        return;
      case "EXECUTING":
        this.#tell({ type: "operation.executing" });
        return;
      case "SUCCESSFUL":
        this.#hasEnded = true;
        this.#tell({ type: "operation.successful" });
        return;
      case "FAILED":
        this.#hasEnded = true;
        this.#tell({ type: "operation.failed", ...readFailureReason(operation.failureReason ?? "") });
        return;
      default:
        operation.status satisfies never;
    }
  }
}

// Makes packets leave through the uplink that is meant, with rules and routes of its own that it keeps true and takes away.
import { execFile } from "node:child_process";
import type { Clock, TimerHandle, Uplinks } from "../ports.ts";
import type { SourceOf } from "./dial.ts";
import { type Entry, ourProtocol, removalOfRules, wantedEntries } from "./policy-routes.ts";
import { defaultName, readDefaultRoutes, readUplinkFacts } from "./uplink-facts.ts";

/** One call of `ip`. */
const commandMs = 5_000;
const outputBytesMax = 256 * 1024;
/** The kernel drops routes with what they lead through, and tells nobody. */
const lookEveryMs = 2_000;
/** What may have been taken away without a trace is put back at the latest after so many looks. */
const looksUntilRenewal = 30;
/** Before the next try where something prevents it, such as a right that the program has not got. */
const tryAgainMs = 60_000;

type Answer = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface SteeringOptions {
  readonly clock: Clock;
  /** Names of the uplinks that are up, best of the system first. */
  readonly upNames: () => Promise<readonly string[]>;
  readonly root: string;
}

export class Steering {
  readonly #options: SteeringOptions;
  /** One at a time: two would see each other's half-done work. */
  #last: Promise<unknown> = Promise.resolve();
  #present = new Map<string, Entry>();
  #preferred: string | undefined;
  /** Whether rules and routes are ours to keep true; not before somebody asks for an uplink. */
  #isOn = false;
  /** Whether what an earlier run of the program may have left is gone. */
  #isSwept = false;
  #looks = 0;
  #timer: TimerHandle | undefined;

  constructor(options: SteeringOptions) {
    this.#options = options;
  }

  readonly prefer: NonNullable<Uplinks["prefer"]> = (name) =>
    this.#next(async () => {
      this.#preferred = name;
      this.#isOn = name !== undefined;
      if (name === undefined) return await this.#removeAll();
      const settled = await this.#settle();
      return settled.ok && !this.#leadsThrough(name) ? { ok: false, why: `the uplink ${name} is not up` } : settled;
    });

  readonly sourceOf: SourceOf = (name, family) =>
    this.#next(async () => {
      if (!(await this.#options.upNames()).includes(name)) return { ok: false, why: `the uplink ${name} is not up` };
      const [facts] = await readUplinkFacts([name], this.#options.root);
      const address = facts?.ways.find((way) => way.family === family)?.addresses[0];
      if (address === undefined) return { ok: false, why: `the uplink ${name} has no IPv${family} address and route` };
      if (!this.#isOn && (await this.defaultName()) === name) return { ok: true, address };
      this.#isOn = true;
      const settled = await this.#settle();
      if (settled.ok) return { ok: true, address };
      if (this.#preferred === undefined) this.#isOn = false;
      return settled;
    });

  /** Through which uplink packets leave unless an uplink is asked for, whether or not anything comes of it. */
  async defaultName(): Promise<string | undefined> {
    const preferred = this.#preferred;
    if (preferred !== undefined && this.#leadsThrough(preferred)) return preferred;
    return defaultName(await readDefaultRoutes(this.#options.root));
  }

  #leadsThrough(name: string): boolean {
    return [...this.#present.keys()].some((key) => key.includes(` dev ${name} `));
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined); // whoever asked is told
    return done;
  }

  /** Makes the rules and routes what they must be now; `isRenewal`: those that seem to be there too. */
  async #settle(isRenewal = false): Promise<Answer> {
    this.#lookAgain(lookEveryMs);
    try {
      if (!this.#isSwept) await this.#sweep();
      const names = await this.#options.upNames();
      const facts = await readUplinkFacts(names, this.#options.root);
      await this.#become(wantedEntries(facts, this.#preferred), isRenewal);
      return { ok: true };
    } catch (error) {
      this.#lookAgain(tryAgainMs);
      return { ok: false, why: (error as Error).message };
    }
  }

  async #become(wanted: readonly Entry[], isRenewal: boolean): Promise<void> {
    const keys = new Set(wanted.map(({ key }) => key));
    // What is new comes first, but for a rule that differs: in between there is never less than before.
    for (const entry of wanted) {
      if (this.#present.has(entry.key) && !isRenewal) continue;
      await runIp(entry.add).catch((error: Error) => {
        // Left by somebody who died between two commands, or just made by hand.
        if (!/File exists/.test(error.message)) throw error;
      });
      this.#present.set(entry.key, entry);
    }
    for (const [key, entry] of [...this.#present]) {
      if (keys.has(key)) continue;
      this.#present.delete(key);
      // A route whose key differs in what `replace` has changed in place is the new one by now.
      const isReplaced = wanted.some((other) => other.remove.join(" ") === entry.remove.join(" "));
      if (!isReplaced) await runIp(entry.remove).catch(() => undefined); // the kernel was quicker
    }
  }

  async #removeAll(): Promise<Answer> {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      await this.#sweep();
      return { ok: true };
    } catch (error) {
      return { ok: false, why: (error as Error).message };
    }
  }

  /** Takes away all that bears our mark, whoever has left it there. */
  async #sweep(): Promise<void> {
    for (const family of [4, 6] as const) {
      const rules = await runIp([`-${family}`, "-j", "rule", "show"]).catch((error: Error) => {
        if (family === 6) return "[]"; // a kernel without IPv6
        throw error;
      });
      for (const command of removalOfRules(family, rules)) await runIp(command);
      const routes = await runIp([`-${family}`, "route", "show", "table", "all", "proto", ourProtocol]).catch(() => "");
      if (routes.trim() !== "") await runIp([`-${family}`, "route", "flush", "table", "all", "proto", ourProtocol]);
    }
    this.#present.clear();
    this.#looks = 0;
    this.#isSwept = true;
  }

  #lookAgain(afterMs: number): void {
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => {
      void this.#next(async () => {
        if (!this.#isOn) return;
        this.#looks += 1;
        await this.#settle(this.#looks % looksUntilRenewal === 0); // never rejects
      });
    }, afterMs);
  }
}

/** What the program prints. Rejects with what it says, in words for people. */
function runIp(args: readonly string[]): Promise<string> {
  const options = { timeout: commandMs, maxBuffer: outputBytesMax, encoding: "utf8" } as const;
  return new Promise((resolve, reject) => {
    execFile("ip", args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (error.code === "ENOENT") return reject(new Error("the program ip is missing: install the package iproute2"));
      const said = stderr.trim().split("\n")[0] || error.message;
      const isForbidden = /not permitted|denied/i.test(said);
      const hint = isForbidden ? "; the gateway needs the capability CAP_NET_ADMIN to choose the uplink" : "";
      reject(new Error(`ip ${args.join(" ")}: ${said}${hint}`));
    });
  });
}

// The faults that are laid on a served link, each under a name.
import { checkMode, findFaultKind, type Parameters } from "../faults/catalogue.ts";
import { FaultError } from "../faults/fault-error.ts";
import { type FaultSpec, parseFaultSpec } from "../faults/fault-spec.ts";
import { profileFaults } from "../faults/profiles.ts";
import { applyFaultSpec } from "../triggers/apply-fault-spec.ts";
import type { FaultSite, LaidFault } from "../triggers/lay-fault.ts";
import { ApiError, notFound } from "./api-error.ts";
import type { FaultChange, FaultView, NewFault } from "./api-types.ts";
import { onLinks } from "./on-links.ts";
import type { WorldLog } from "./world-log.ts";

/** Faults on one link at a time. */
export const faultsMax = 64;

interface NamedFault {
  readonly name: string;
  readonly spec: FaultSpec;
  readonly laid: LaidFault;
}

export interface LinkFaultsOptions {
  /** The link's name. */
  readonly link: string;
  readonly between: readonly [string, string];
  readonly site: FaultSite;
  /** Resolves when what was laid or lifted has taken effect. */
  readonly settled: () => Promise<void>;
  readonly log: WorldLog;
}

export class LinkFaults {
  readonly #options: LinkFaultsOptions;
  readonly #faults = new Map<string, NamedFault>();
  #made = 0;

  constructor(options: LinkFaultsOptions) {
    this.#options = options;
  }

  get names(): readonly string[] {
    return [...this.#faults.keys()];
  }

  views(): readonly FaultView[] {
    return [...this.#faults.values()].map(viewOf);
  }

  view(name: string): FaultView {
    return viewOf(this.#named(name));
  }

  /** Nothing is left laid when it throws. */
  async lay(body: NewFault): Promise<FaultView> {
    const { name, ...given } = body;
    const spec = this.#parse(given);
    return viewOf(await this.#layAs(name ?? this.#freeName(spec.fault), spec));
  }

  /** Lays the faults of a link profile, all or none. */
  async layProfile(profile: string): Promise<readonly FaultView[]> {
    const laid: NamedFault[] = [];
    try {
      for (const [at, spec] of profileFaults(profile, this.#options.between).entries()) {
        const { between: _, ...given } = spec;
        laid.push(await this.#layAs(this.#freeName(`${profile}-${at + 1}`), this.#parse(given)));
      }
    } catch (error) {
      for (const { name } of laid) await this.lift(name);
      throw error;
    }
    return laid.map(viewOf);
  }

  /** The new form is laid before the old one is lifted; a schedule begins anew. If it cannot be laid the old one stays. */
  async change(name: string, change: FaultChange): Promise<FaultView> {
    const old = this.#named(name);
    const { between: _, parameters, strength, ...rest } = old.spec;
    const kept = change.strength === undefined ? parameters : {};
    const spec = this.#parse({
      ...rest,
      ...(strength === undefined ? {} : { strength }),
      ...change,
      parameters: { ...kept, ...change.parameters },
    });
    const laid = await this.#apply(spec);
    this.#faults.set(name, { name, spec, laid });
    await old.laid.lift();
    await this.#options.settled();
    this.#write(name, { phase: "changed", parameters: spec.parameters });
    return this.view(name);
  }

  async lift(name: string): Promise<void> {
    const { laid } = this.#named(name);
    this.#faults.delete(name);
    await laid.lift();
    await this.#options.settled();
    this.#write(name, { phase: "lifted" });
  }

  async liftAll(): Promise<void> {
    for (const name of this.names) await this.lift(name);
  }

  /** As `liftAll`, of a link that ends: nothing is written. */
  async close(): Promise<void> {
    for (const { laid } of this.#faults.values()) await laid.lift();
    this.#faults.clear();
  }

  #named(name: string): NamedFault {
    const found = this.#faults.get(name);
    if (found === undefined) throw notFound(`fault on the link ${this.#options.link}`, name, this.names);
    return found;
  }

  #freeName(kind: string): string {
    if (!this.#faults.has(kind)) return kind;
    do this.#made += 1;
    while (this.#faults.has(`${kind}-${this.#made + 1}`));
    return `${kind}-${this.#made + 1}`;
  }

  /** What is said of a fault on a link: its place is the link. */
  #parse(given: Readonly<Record<string, unknown>> | Omit<NewFault, "name">): FaultSpec {
    const { link, between } = this.#options;
    if ("between" in given) {
      throw new FaultError("fault.wrong-place", `leave it out: the fault is laid on the link ${link}`, "between");
    }
    if (typeof given.fault === "string") {
      const kind = inPlace("fault", () => findFaultKind(given.fault as string));
      const possible = onLinks(kind);
      if (possible !== true) {
        const text = `${kind.name} cannot be laid on a link: ${possible}`;
        throw new FaultError("fault.not-here", text, "fault");
      }
    }
    const spec = parseFaultSpec({ ...given, between }, "", { hosts: between });
    checkMode(findFaultKind(spec.fault), "loopback");
    return spec;
  }

  async #layAs(name: string, spec: FaultSpec): Promise<NamedFault> {
    if (this.#faults.has(name)) {
      const text = `the link ${this.#options.link} has a fault ${name} already: change or lift it`;
      throw new ApiError(409, "name.taken", text, "name");
    }
    if (this.#faults.size >= faultsMax) {
      throw new ApiError(409, "limit.reached", `a link has at most ${faultsMax} faults: lift some`);
    }
    const laid = await this.#apply(spec);
    const named = { name, spec, laid };
    this.#faults.set(name, named);
    this.#write(name, { phase: "laid", parameters: spec.parameters });
    return named;
  }

  async #apply(spec: FaultSpec): Promise<LaidFault> {
    const laid = await applyFaultSpec(this.#options.site, spec);
    await this.#options.settled();
    return laid;
  }

  #write(fault: string, what: { readonly phase: string; readonly parameters?: Parameters | undefined }): void {
    const { log, link } = this.#options;
    log.write({ kind: "fault", link, fault, ...what });
  }
}

function viewOf({ name, spec, laid }: NamedFault): FaultView {
  const { between: _, parameters = {}, ...rest } = spec;
  return { name, ...rest, parameters, isLaid: laid.isLaid };
}

function inPlace<T>(place: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw error instanceof FaultError ? error.inside(place) : error;
  }
}

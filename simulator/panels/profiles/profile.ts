// What a profile of a panel is: a product of some vendor, or an oddity that products have, as data.
import type { RfbBehaviour } from "../rfb/rfb-behaviour.ts";

interface ProfileFacts {
  /** In kebab-case, as on the command line. */
  readonly name: string;
  readonly vendor: string;
  readonly product: string;
  readonly version: string;
  /** One sentence: what is different. */
  readonly summary: string;
  /** Where the facts are from, or that nothing is known. */
  readonly source: string | { readonly unknown: string };
  /** What of it is a guess, where there is a source for the rest. */
  readonly unknown?: string;
}

export interface VncProfile extends ProfileFacts {
  readonly protocol: "VNC";
  readonly behaviour: Partial<RfbBehaviour>;
  /** The panel keeps no more of its password. */
  readonly passwordLengthMax?: number;
  /** The desktop's name where the profile is about that. */
  readonly title?: string;
}

/** Algorithms as OpenSSH names them, in the server's order. */
export interface SshProfile extends ProfileFacts {
  readonly protocol: "SSH";
  /** The line by which the server greets, without its end. */
  readonly greeting: string;
  readonly keyExchanges: readonly string[];
  readonly hostKeys: readonly string[];
  readonly ciphers: readonly string[];
  readonly macs: readonly string[];
}

export type PanelProfile = VncProfile | SshProfile;

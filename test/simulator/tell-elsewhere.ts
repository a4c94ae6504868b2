// Tells the determinism story as on a machine on which other native parts of ssh2 could be compiled than here.
import { createRequire } from "node:module";

/** `without`: none could be; `with`: the one that tells ssh2 of the processor too, which is compiled for npm's Node. */
export type NativeParts = "without" | "with";

export interface Told {
  readonly text: string;
  /** What ssh2 offers by itself on such a machine, in its order. */
  readonly ciphers: readonly string[];
  readonly hasNativeCiphers: boolean;
}

const here = createRequire(import.meta.url);
const ssh2 = createRequire(here.resolve("ssh2"));

function replace(name: string, exports: unknown): void {
  here.cache[ssh2.resolve(name)] = { loaded: true, children: [], exports } as unknown as NodeJS.Module;
}

const [seed, parts] = process.argv.slice(2);
if (parts === "without") replace("./protocol/crypto/build/Release/sshcrypto.node", null);
replace("cpu-features", parts === "without" ? null : () => ({ arch: "x86", flags: { aes: true } }));
const { tellStory } = await import("./determinism-story.ts");
const { text } = await tellStory(Number(seed));
const told: Told = {
  text,
  ciphers: ssh2("./protocol/constants.js").DEFAULT_CIPHER,
  hasNativeCiphers: ssh2("./protocol/crypto.js").bindingAvailable,
};
process.stdout.write(JSON.stringify(told));

// What may go into the gateway's bundle: its own folders and the packages it ships with.

interface LockEntry {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const ownFiles =
  /^(bin\/(gateway\/[a-z-]+|postern-gateway|gateway-command|run-program)\.ts|firmware\/.*|hardware\/(ports\.ts|(boards|modem|linux)\/.*)|protocol\/(?!rfb\/|telnet\/(?!(codes|option-negotiation|telnet-decoder|telnet-end)\.ts$)).*)$/;

/** Each input that must not ship, in words. Inputs are paths as the bundler's record has them. */
export function forbiddenInputs(inputs: readonly string[], lock: Lock): readonly string[] {
  return inputs.flatMap((input) => {
    const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (folder === undefined) return ownFiles.test(input) ? [] : [`${input} is no part of the gateway`];
    const entry = lock.packages[folder];
    if (entry === undefined) return [`${folder} is not in package-lock.json`];
    const isOfDependencies = !entry.dev && !entry.devOptional && !entry.optional;
    return isOfDependencies ? [] : [`${folder} is not among the dependencies that ship`];
  });
}

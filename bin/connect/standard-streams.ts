// Standard input and output as the local program's end, for ssh's ProxyCommand and for pipes.
import type { LocalEnd } from "./local-end.ts";

export function standardStreams(): LocalEnd {
  const { stdin, stdout } = process;
  return {
    input: stdin,
    output: stdout,
    destroy: () => {
      // A stdin that is still read would keep the process.
      stdin.destroy();
    },
  };
}

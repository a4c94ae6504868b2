// How many characters fit into the stage, within what the cloud takes.

/** protocol/session-channel.ts: the cloud refuses other sizes. */
const sizeMax = 1000;

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Undefined or nonsense (a stage that is not laid out yet) becomes 80 × 24. */
export function terminalSize(proposed: { readonly cols: number; readonly rows: number } | undefined): TerminalSize {
  return { columns: within(proposed?.cols, 80), rows: within(proposed?.rows, 24) };
}

function within(value: number | undefined, otherwise: number): number {
  if (value === undefined || !Number.isFinite(value) || value < 1) return otherwise;
  return Math.min(Math.floor(value), sizeMax);
}

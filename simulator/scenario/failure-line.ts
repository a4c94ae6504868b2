// Where in its own file a story failed: the line that a person reads first.
import { fileURLToPath } from "node:url";

export interface StackLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Frames kept while a story runs: the story's own may stand far below those of the waits. */
export const framesMax = 40;

/** The first line of an error's stack, or of its causes', that stands in `file`. */
export function lineIn(error: unknown, file: string): StackLine | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth += 1) {
    const found = framesOf(each.stack).find((frame) => frame.file === file);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The file of the first frame above `caller`. */
export function fileOfCaller(caller: (...args: never[]) => unknown): string | undefined {
  const here: { stack?: string } = {};
  Error.captureStackTrace(here, caller);
  return framesOf(here.stack)[0]?.file;
}

/** "simulator/scenarios/half-open-panel.ts:31:18", below `folder` if it stands there. */
export function lineText({ file, line, column }: StackLine, folder: string): string {
  const start = `${folder.replace(/\/$/, "")}/`;
  const inside = file.startsWith(start) ? file.slice(start.length) : file;
  return `${inside}:${line}:${column}`;
}

function framesOf(stack: string | undefined): readonly StackLine[] {
  return (stack ?? "").split("\n").flatMap((text) => {
    const [, place = "", line = "", column = ""] =
      /(?:\(|at (?:async )?)((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/.exec(text) ?? [];
    if (place === "") return [];
    // A test runner or a loader may have put a query behind the name.
    const path = (place.startsWith("file://") ? fileURLToPath(place) : place).replace(/\?.*$/, "");
    return [{ file: path, line: Number(line), column: Number(column) }];
  });
}

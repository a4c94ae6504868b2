// The picture of a world fault: of the things that it changes, what became of each, tried every 100 ms.
import { pictureMs } from "./shown-parameters.ts";
import { bar, colours, dot, left, line, picture, text, x } from "./svg.ts";
import type { Row } from "./world-scene.ts";

const firstRowAt = 48;
const rowHeight = 34;

/**
 * `healthy`: the same story without the fault; what is the same in both is not drawn, but for a changed line's other end.
 * Undefined where nothing at all has changed.
 */
export function drawWorldFault(name: string, rows: readonly Row[], healthy: readonly Row[]): string | undefined {
  const isOther = (row: Row, index: number): boolean => JSON.stringify(row) !== JSON.stringify(healthy[index]);
  const isOfLine = ({ name: what }: Row): boolean => what.startsWith("MQTT");
  const hasLineChanged = rows.some((row, index) => isOfLine(row) && isOther(row, index));
  const changed = rows.filter((row, index) => isOther(row, index) || (isOfLine(row) && hasLineChanged));
  if (changed.length === 0) return undefined;
  const height = firstRowAt + changed.length * rowHeight + 24;
  const shapes = changed.flatMap((row, index) => drawRow(row, firstRowAt + index * rowHeight));
  return picture(name, height, shapes);
}

function drawRow(row: Row, at: number): readonly string[] {
  const begin = [text([8, at + 4], row.name), line([left, at], [x(pictureMs), at], colours.held)];
  if (row.kind === "there") {
    return [...begin, ...row.spans.map(([fromMs, untilMs]) => bar(fromMs, untilMs, at - 4, 8, colours.plain))];
  }
  let lastWord = "ok";
  const marks = row.attempts.flatMap(({ atMs, outcome }) => {
    const isNew = outcome !== lastWord;
    lastWord = outcome;
    const mark = dot([x(atMs), at], outcome === "ok" ? colours.good : colours.bad);
    return isNew ? [mark, text([x(atMs) - 3, at + 15], outcome)] : [mark];
  });
  return [...begin, ...marks];
}

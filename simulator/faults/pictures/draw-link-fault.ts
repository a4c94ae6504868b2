// The picture of a link fault: sent on one line, arrived on the other, and what is unacknowledged below.
import type { Flight, LinkStory } from "./link-scene.ts";
import { pictureMs } from "./shown-parameters.ts";
import { bar, colours, dot, left, line, picture, text, x } from "./svg.ts";

const sentAt = 48;
const arrivedAt = 118;
const systemAt = 178;
const systemHeight = 40;
const height = 220;

export function drawLinkFault(name: string, story: LinkStory): string {
  const most = Math.max(1, ...story.unacknowledged);
  const levels = story.unacknowledged.flatMap((bytes, index) => {
    const high = Math.round((bytes / most) * systemHeight);
    return high === 0 ? [] : [bar(index * 10, index * 10 + 10, systemAt - high, high, colours.held)];
  });
  return picture(name, height, [
    ...row("sent by the gateway", sentAt),
    ...row("arrived at the panel", arrivedAt),
    ...story.flights.flatMap(drawFlight),
    text([8, systemAt - 4], "unacknowledged", ""),
    ...levels,
    line([left, systemAt], [x(pictureMs), systemAt], colours.held),
    ...(most > 1 ? [text([x(pictureMs) - 2, systemAt - systemHeight + 8], `${most} bytes`, ' text-anchor="end"')] : []),
  ]);
}

function row(words: string, at: number): readonly string[] {
  return [text([8, at + 4], words), line([left, at], [x(pictureMs), at], colours.held)];
}

function drawFlight({ kind, sentAtMs, arrivedAtMs, share, isAltered }: Flight): readonly string[] {
  const own = kind === "bytes" ? colours.plain : kind === "open" ? colours.attempt : colours.end;
  const colour = isAltered ? colours.bad : own;
  const start = dot([x(sentAtMs), sentAt], own);
  if (arrivedAtMs === undefined || arrivedAtMs > pictureMs) {
    return [
      start,
      line([x(sentAtMs), sentAt], [x(sentAtMs) + 10, sentAt + 24], colours.bad, ' stroke-dasharray="3 3"'),
    ];
  }
  const thick = kind === "bytes" ? Math.max(0.5, Number((share * 2).toFixed(1))) : 1;
  const dash = kind === "bytes" ? "" : ' stroke-dasharray="4 2"';
  return [
    line([x(sentAtMs), sentAt], [x(arrivedAtMs), arrivedAt], colour, ` stroke-width="${thick}"${dash}`),
    start,
    dot([x(arrivedAtMs), arrivedAt], colour),
  ];
}

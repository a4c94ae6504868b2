// The pictures in docs/faults are what the faults do: each is drawn again here and compared with its file.
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { faultKinds, findFaultKind } from "#simulator/faults/catalogue.ts";
import { latency } from "#simulator/faults/latency.ts";
import { drawFault } from "#simulator/faults/pictures/draw-fault.ts";
import { drawLinkFault } from "#simulator/faults/pictures/draw-link-fault.ts";
import { remakePage } from "#simulator/faults/pictures/fault-pages.ts";
import { tellLinkStory } from "#simulator/faults/pictures/link-scene.ts";
import { tellWorldStory } from "#simulator/faults/pictures/world-scene.ts";
import { eventKinds } from "#simulator/triggers/event-kinds.ts";
import { projectRoot } from "../tidy/project-files.ts";

const folder = `${projectRoot}/docs/faults/`;
/** The small world of the pictures has no such thing; everything else is drawn. */
const undrawn = ["disk-torn", "watchdog-starvation", "modem-hang", "uplink-swap"];

describe("the picture of", () => {
  it.each(faultKinds.map((kind) => [kind.name, kind] as const))("%s is what the fault does", async (name, kind) => {
    const drawn = await drawFault(kind);
    expect(drawn === undefined).toBe(undrawn.includes(name));
    if (drawn === undefined) return;
    const text = "docs/faults is not what the faults do any more: run node scripts/draw-faults.ts";
    expect(await readFile(`${folder}${name}.svg`, "utf8"), text).toBe(drawn);
  });

  it("each fault that is drawn, and nothing else, lies in docs/faults and stands in docs/faults.md", async () => {
    const expected = faultKinds.map(({ name }) => name).filter((name) => !undrawn.includes(name));
    expect((await readdir(folder)).toSorted()).toEqual(expected.map((name) => `${name}.svg`).toSorted());
    const page = await readFile(`${projectRoot}/docs/faults.md`, "utf8");
    expect(remakePage(page, (name) => expected.includes(name)) === page).toBe(true);
  });

  it("no event is forgotten in docs/faults.md either", async () => {
    const page = await readFile(`${projectRoot}/docs/faults.md`, "utf8");
    for (const { name } of eventKinds) expect(page).toContain(`\`${name}\``);
  });

  it("a fault differs from that of a stronger one", async () => {
    const [weak, strong] = [await tellLinkStory(latency(50)), await tellLinkStory(latency(100))];
    expect(drawLinkFault("latency", weak)).not.toBe(drawLinkFault("latency", strong));
  });
});

describe("the stories of the pictures", () => {
  it("without a fault: everything sent arrives 1 ms later, and every attempt ends well", async () => {
    const healthy = await tellLinkStory({ name: "none", plan: (delivery) => [delivery] });
    expect(healthy.flights).toHaveLength(14);
    for (const { sentAtMs, arrivedAtMs } of healthy.flights) expect(arrivedAtMs).toBe(sentAtMs + 1);
    for (const row of await tellWorldStory(undefined)) {
      if (row.kind === "there") expect(row.spans).toHaveLength(1);
      else expect(row.attempts.map(({ outcome }) => outcome)).toEqual(row.attempts.map(() => "ok"));
    }
  });

  it("hold that the refusal of a world which lacks something is a picture that is not there", async () => {
    expect(await drawFault(findFaultKind("modem-hang"))).toBeUndefined();
  });
});

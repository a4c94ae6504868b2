// The pictures in docs/faults are what the faults do: each is drawn again here and compared with its file.
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { faultKinds } from "#simulator/faults/catalogue.ts";
import { latency } from "#simulator/faults/latency.ts";
import { modemHang } from "#simulator/faults/modem-hang.ts";
import { tellBoardStory } from "#simulator/faults/pictures/board-scene.ts";
import { drawFault } from "#simulator/faults/pictures/draw-fault.ts";
import { drawLinkFault } from "#simulator/faults/pictures/draw-link-fault.ts";
import { remakePage } from "#simulator/faults/pictures/fault-pages.ts";
import { tellLinkStory } from "#simulator/faults/pictures/link-scene.ts";
import { type Row, tellWorldStory } from "#simulator/faults/pictures/world-scene.ts";
import { eventKinds } from "#simulator/triggers/event-kinds.ts";
import { projectRoot } from "../tidy/project-files.ts";

const folder = `${projectRoot}/docs/faults/`;

describe("the picture of", () => {
  it.each(faultKinds.map((kind) => [kind.name, kind] as const))("%s is what the fault does", async (name, kind) => {
    const drawn = await drawFault(kind);
    expect(drawn).toContain("</svg>");
    const text = "docs/faults is not what the faults do any more: run node scripts/draw-faults.ts";
    expect(await readFile(`${folder}${name}.svg`, "utf8"), text).toBe(drawn);
  });

  it("each fault, and nothing else, lies in docs/faults and stands in docs/faults.md", async () => {
    const expected = faultKinds.map(({ name }) => name);
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

  it("without a fault: the board's program lives, it stays where it is, all is answered, and files outlive the cuts", async () => {
    const attempted = (rows: readonly Row[]) => rows.flatMap((row) => (row.kind === "attempts" ? row.attempts : []));
    const healthy = await tellBoardStory(undefined, { hasCable: true, hasPowerCuts: false });
    const there = healthy.flatMap((row) => (row.kind === "there" ? [[row.name, row.spans.length]] : []));
    expect(there).toEqual([
      ["gateway's program", 1],
      ["eth0 in use", 1],
      ["wwan0 in use", 0],
    ]);
    expect(attempted(healthy)).toHaveLength(45);
    const cut = attempted(await tellBoardStory(undefined, { hasCable: true, hasPowerCuts: true }));
    expect(cut).toHaveLength(4);
    for (const { outcome } of [...attempted(healthy), ...cut]) expect(outcome).toBe("ok");
  });

  it("fail where the fault needs what their world has not got", async () => {
    await expect(tellWorldStory(modemHang())).rejects.toMatchObject({ code: "fault.not-here" });
  });
});

// The simulated form of the machine as a whole and of its programs, and what a story can do with them.
import { describe, expect, it } from "vitest";
import { Board } from "#simulator/gateway/board.ts";
import { restartAfterMs } from "#simulator/gateway/simulated-system.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";
import { describeProcessesContract } from "./processes.contract.ts";
import { describeSystemContract } from "./system.contract.ts";

function onABoard() {
  const clock = SimulatedClock.start();
  const random = new SeededRandom(1);
  const host = new SimulatedNetwork({ clock, random }).addHost("gateway", { interfaces: [] });
  const board = new Board({ clock, random });
  return { clock, board, boot: () => board.boot(host) };
}

describeProcessesContract("simulated", () => {
  const { clock, board, boot } = onABoard();
  board.processes.install("print", (args) => ({ output: `${args.join("\n")}\n` }));
  board.processes.install("fail", () => ({ exitCode: 3, output: "sorry\n" }));
  board.processes.install("last", () => ({ takesMs: 600_000 }));
  board.processes.install("flood", () => ({ output: "x".repeat(100_000) }));
  return {
    processes: boot().processes!,
    prints: ["print"],
    fails: ["fail"],
    lasts: ["last"],
    floods: ["flood"],
    until: (outcome) => clock.until(outcome, { what: "the program to end" }),
    close: () => clock.stop(),
  };
});

describeSystemContract("simulated", () => {
  const { clock, board, boot } = onABoard();
  let restarts = 0;
  board.resetting = () => {
    restarts += 1;
  };
  return {
    system: boot().system!,
    again: () => boot().system!,
    nextBoot: () => {
      board.powerOff();
      return boot().system!;
    },
    restarts: async () => {
      await clock.advance(restartAfterMs);
      return restarts;
    },
    forbidsRestart: () =>
      void board.lay({ name: "no restart", onRestart: ({ refuses }) => refuses("not permitted") === undefined }),
    close: () => clock.stop(),
  };
});

describe("the simulated machine", () => {
  it("shows what a story sets", async () => {
    const { clock, board, boot } = onABoard();
    const { system } = boot();
    board.system.loadIs(3.5);
    board.system.memoryUsedIs(0.75);
    board.system.diskUsedIs(1);
    await clock.advance(5_000);
    const facts = await system!.facts();
    expect(facts).toMatchObject({ load1: 3.5, diskFreeBytes: 0, uptimeS: 5 });
    expect(facts.memoryAvailableBytes * 4).toBe(facts.memoryTotalBytes);
    clock.stop();
  });

  it("says yes and goes on when a story has it do so", async () => {
    const { clock, board, boot } = onABoard();
    board.lay({ name: "deaf", onRestart: () => true });
    const { system } = boot();
    expect(await system!.restart()).toEqual({ ok: true });
    await clock.advance(60_000);
    expect(board.hardware?.system).toBe(system);
    clock.stop();
  });

  it("forgets what it ran when the power goes, and leaves no timer", async () => {
    const { clock, board, boot } = onABoard();
    board.processes.install("last", () => ({ takesMs: 600_000 }));
    const { processes, system } = boot();
    let isOver = false;
    void processes!.run(["last"], { timeoutMs: 900_000, outputBytesMax: 1 }).then(() => {
      isOver = true;
    });
    await system!.restart();
    board.powerOff();
    await clock.advance(1_000_000);
    expect(isOver).toBe(false);
    expect(clock.pending()).toEqual([]);
    expect(board.processes.started).toEqual([{ command: ["last"], atMs: 0 }]);
    clock.stop();
  });
});

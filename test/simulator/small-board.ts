// A board on simulated time with the power on, for tests of its parts.
import { Board, type BoardOptions } from "#simulator/gateway/board.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";

export function switchedOnBoard(options: Partial<BoardOptions> = {}, seed = 7) {
  const clock = SimulatedClock.start();
  const random = new SeededRandom(seed);
  const network = new SimulatedNetwork({ clock, random });
  const host = network.addHost("gateway", {
    interfaces: [
      { name: "eth0", hasDefaultRoute: true, addresses: [{ address: "10.20.0.2", family: 4, prefixLength: 24 }] },
    ],
  });
  const board = new Board({ clock, random, ...options });
  const hardware = board.boot(host);
  return {
    clock,
    network,
    host,
    board,
    hardware,
    [Symbol.dispose]: () => {
      board.powerOff();
      board.dismantle();
      const left = clock.pending().map(({ name }) => name);
      clock.stop();
      if (left.length > 0) throw new Error(`Timers left by a board without power: ${left.join(", ")}`);
    },
  };
}

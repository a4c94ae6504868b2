// What every form of the uplinks port does.
import { describe, expect, it } from "vitest";
import type { Uplink, Uplinks } from "#hardware/ports.ts";

export interface UplinksUnderTest {
  /**
   * A board with eth0 (ethernet, preferred), wlan0 (wifi) and wwan0 (cellular), all up, and eth1 towards the panels, through
   * which no default route goes.
   */
  readonly uplinks: Uplinks;
  goesDown(name: string): void;
  comesUp(name: string): void;
  until(fact: () => unknown, what: string): Promise<void>;
  /** Lets a minute of the board's time pass. */
  passes(): Promise<void>;
  close?(): Promise<void> | void;
}

export function describeUplinksContract(form: string, make: () => UplinksUnderTest | Promise<UplinksUnderTest>): void {
  describe(`uplinks port, ${form}`, () => {
    async function withUplinks(test: (underTest: UplinksUnderTest) => Promise<void>): Promise<void> {
      const underTest = await make();
      try {
        await test(underTest);
      } finally {
        await underTest.close?.();
      }
    }

    const words = (list: readonly Uplink[]): string[] =>
      list.map(({ name, kind, isUp }) => `${name} ${kind} ${isUp ? "up" : "down"}`);

    it("lists them by preference, with those that lead nowhere at the end", () =>
      withUplinks(async ({ uplinks }) => {
        expect(words(await uplinks.list())).toEqual([
          "eth0 ethernet up",
          "wlan0 wifi up",
          "wwan0 cellular up",
          "eth1 ethernet down",
        ]);
      }));

    it("tells when one goes down and when it is back, and lists the next one first meanwhile", () =>
      withUplinks(async ({ uplinks, goesDown, comesUp, until, passes }) => {
        let changes = 0;
        const unwatch = uplinks.watch(() => (changes += 1));
        await passes();
        expect(changes).toBe(0);
        goesDown("eth0");
        await until(() => changes === 1, "a change to be told");
        expect(words(await uplinks.list())).toEqual([
          "wlan0 wifi up",
          "wwan0 cellular up",
          "eth0 ethernet down",
          "eth1 ethernet down",
        ]);
        comesUp("eth0");
        await until(() => changes === 2, "the next change to be told");
        expect(words(await uplinks.list())[0]).toBe("eth0 ethernet up");
        unwatch();
      }));

    it("says through which one the machine sends what goes to the internet", () =>
      withUplinks(async ({ uplinks, goesDown, comesUp, until }) => {
        const defaults = async () =>
          (await uplinks.list()).filter(({ isDefault }) => isDefault === true).map(({ name }) => name);
        const become = async (name: string) => {
          let now: readonly string[] = [];
          const look = () => void defaults().then((names) => (now = names));
          await until(() => {
            look();
            return now.length === 1 && now[0] === name;
          }, `${name} to be the default`);
        };
        expect(await defaults()).toEqual(["eth0"]);
        goesDown("eth0");
        await become("wlan0");
        goesDown("wlan0");
        await become("wwan0");
        comesUp("eth0");
        await become("eth0");
      }));

    it("lists none that is up when all are gone", () =>
      withUplinks(async ({ uplinks, goesDown, passes }) => {
        for (const name of ["eth0", "wlan0", "wwan0"]) goesDown(name);
        await passes();
        const list = await uplinks.list();
        expect(list.filter(({ isUp }) => isUp)).toEqual([]);
        expect(list.map(({ name }) => name).toSorted()).toEqual(["eth0", "eth1", "wlan0", "wwan0"]);
      }));

    it("tells nobody who has had enough", () =>
      withUplinks(async ({ uplinks, goesDown, until, passes }) => {
        let [stays, leaves] = [0, 0];
        const unwatch = uplinks.watch(() => (stays += 1));
        const leave = uplinks.watch(() => (leaves += 1));
        await passes();
        leave();
        leave();
        goesDown("wlan0");
        await until(() => stays === 1, "the other to be told");
        expect(leaves).toBe(0);
        unwatch();
      }));
  });
}

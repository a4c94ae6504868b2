// What every form of the button port does.
import { describe, expect, it } from "vitest";
import type { Button } from "#hardware/ports.ts";

export interface ButtonUnderTest {
  readonly button: Button;
  /** A finger on it. */
  press(): void;
  release(): void;
  /** Waits until a fact holds. */
  until(fact: () => unknown, what: string): Promise<void>;
  /** Lets a second of the board's time pass. */
  passes(): Promise<void>;
  close?(): Promise<void> | void;
}

export function describeButtonContract(form: string, make: () => ButtonUnderTest | Promise<ButtonUnderTest>): void {
  describe(`button port, ${form}`, () => {
    async function withButton(test: (underTest: ButtonUnderTest) => Promise<void>): Promise<void> {
      const underTest = await make();
      try {
        await test(underTest);
      } finally {
        await underTest.close?.();
      }
    }

    it("says nothing while nobody touches it", () =>
      withButton(async ({ button, passes }) => {
        const seen: boolean[] = [];
        const unwatch = button.watch((pressed) => seen.push(pressed));
        await passes();
        expect(seen).toEqual([]);
        unwatch();
      }));

    it("tells of pressing and letting go, each once and in order", () =>
      withButton(async ({ button, press, release, until, passes }) => {
        const seen: boolean[] = [];
        const unwatch = button.watch((pressed) => seen.push(pressed));
        press();
        await until(() => seen.length === 1, "the button to be pressed");
        await passes();
        expect(seen).toEqual([true]);
        release();
        await until(() => seen.length === 2, "the button to be let go");
        press();
        release();
        await until(() => seen.length === 4, "the button to be pressed again");
        await passes();
        expect(seen).toEqual([true, false, true, false]);
        unwatch();
      }));

    it("tells everybody who watches, until each has had enough", () =>
      withButton(async ({ button, press, release, until, passes }) => {
        const [one, other]: [boolean[], boolean[]] = [[], []];
        const unwatchOne = button.watch((pressed) => one.push(pressed));
        const unwatchOther = button.watch((pressed) => other.push(pressed));
        press();
        await until(() => one.length === 1 && other.length === 1, "both to be told");
        unwatchOne();
        release();
        await until(() => other.length === 2, "the other to be told");
        unwatchOther();
        unwatchOther();
        press();
        await passes();
        expect([one, other]).toEqual([[true], [true, false]]);
      }));
  });
}

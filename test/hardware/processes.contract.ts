// What every form of the processes port does.
import { describe, expect, it } from "vitest";
import type { Processes } from "#hardware/ports.ts";

/** The commands with which the contract tries a form. */
export interface ProcessesUnderTest {
  readonly processes: Processes;
  /** Prints its arguments, one a line, and ends with 0. */
  readonly prints: readonly string[];
  /** Prints "sorry" and ends with 3. */
  readonly fails: readonly string[];
  /** Runs far longer than a second. */
  readonly lasts: readonly string[];
  /** Prints 100 000 bytes of "x". */
  readonly floods: readonly string[];
  /** Lets time pass until it is there. */
  until<T>(outcome: Promise<T>): Promise<T>;
  close?(): void;
}

const limits = { timeoutMs: 10_000, outputBytesMax: 4_096 };

export function describeProcessesContract(form: string, make: () => ProcessesUnderTest): void {
  describe(`processes port, ${form}`, () => {
    async function withProcesses(test: (underTest: ProcessesUnderTest) => Promise<void>): Promise<void> {
      const underTest = make();
      try {
        await test(underTest);
      } finally {
        underTest.close?.();
      }
    }

    it("runs a program and gives its output and exit code", () =>
      withProcesses(async ({ processes, prints, until }) => {
        expect(await until(processes.run([...prints, "one"], limits))).toEqual({
          kind: "exited",
          exitCode: 0,
          output: "one\n",
          isCut: false,
        });
      }));

    it("hands arguments on as they are: there is no shell that reads them", () =>
      withProcesses(async ({ processes, prints, until }) => {
        const args = ["$HOME", "a b", "; exit 9", "`id`", "*", "", "ü"];
        const outcome = await until(processes.run([...prints, ...args], limits));
        expect(outcome).toMatchObject({ kind: "exited", exitCode: 0, output: `${args.join("\n")}\n` });
      }));

    it("tells the exit code of one that fails, with what it said", () =>
      withProcesses(async ({ processes, fails, until }) => {
        expect(await until(processes.run(fails, limits))).toEqual({
          kind: "exited",
          exitCode: 3,
          output: "sorry\n",
          isCut: false,
        });
      }));

    it("ends one that lasts longer than its limit", () =>
      withProcesses(async ({ processes, lasts, until }) => {
        const outcome = await until(processes.run(lasts, { ...limits, timeoutMs: 100 }));
        expect(outcome).toMatchObject({ kind: "timeout", isCut: false });
      }));

    it.each([1, 4_095, 99_999])("cuts the output after %i bytes and says so", (outputBytesMax) =>
      withProcesses(async ({ processes, floods, until }) => {
        const outcome = await until(processes.run(floods, { ...limits, outputBytesMax }));
        expect(outcome).toEqual({ kind: "exited", exitCode: 0, output: "x".repeat(outputBytesMax), isCut: true });
      }),
    );

    it("does not call an output cut that just fits", () =>
      withProcesses(async ({ processes, floods, until }) => {
        const outcome = await until(processes.run(floods, { ...limits, outputBytesMax: 100_000 }));
        expect(outcome).toMatchObject({ kind: "exited", isCut: false });
      }));

    it("leaves out a character that the cut splits", () =>
      withProcesses(async ({ processes, prints, until }) => {
        const outcome = await until(processes.run([...prints, "aü"], { ...limits, outputBytesMax: 2 }));
        expect(outcome).toMatchObject({ output: "a", isCut: true });
      }));

    it.each([
      ["that is not there", ["/no/such/program"]],
      ["without a name", []],
      ["with an empty name", [""]],
    ])("says in words that a program %s was not started", (_, command) =>
      withProcesses(async ({ processes, until }) => {
        const outcome = await until(processes.run(command, limits));
        expect(outcome).toMatchObject({ kind: "not-started", detail: expect.stringMatching(/program/) });
      }),
    );

    it("does not start one with a zero byte in an argument", () =>
      withProcesses(async ({ processes, prints, until }) => {
        const outcome = await until(processes.run([...prints, "a\0b"], limits));
        expect(outcome).toMatchObject({ kind: "not-started" });
      }));
  });
}

// What every form of the board identity port does.
import { describe, expect, it } from "vitest";
import type { BoardIdentity } from "#hardware/ports.ts";

export interface IdentityUnderTest {
  readonly identity: BoardIdentity;
  /** The identity of the same board after a restart. */
  restart(): Promise<BoardIdentity>;
  close?(): Promise<void> | void;
}

export function describeIdentityContract(
  form: string,
  make: () => IdentityUnderTest | Promise<IdentityUnderTest>,
): void {
  describe(`identity port, ${form}`, () => {
    it("has a serial number that can be an MQTT client id and a device id: printable, no colon, no space", async () => {
      const underTest = await make();
      expect(underTest.identity.serialNumber).toMatch(/^[!-9;-~]{1,64}$/);
      await underTest.close?.();
    });

    it("names model and revision in printable text", async () => {
      const underTest = await make();
      expect(underTest.identity.model).toMatch(/^[\x20-\x7e]{1,128}$/);
      expect(underTest.identity.revision).toMatch(/^[\x20-\x7e]{1,64}$/);
      await underTest.close?.();
    });

    it("stays the same over a restart", async () => {
      const underTest = await make();
      expect(await underTest.restart()).toEqual(underTest.identity);
      await underTest.close?.();
    });
  });
}

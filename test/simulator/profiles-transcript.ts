// A scripted viewer against a panel of a profile, with every byte of both written down as a transcript.
import type { Connection } from "#hardware/ports.ts";
import { ClientHandshake } from "#protocol/rfb/client-handshake.ts";
import { writeSetDesktopSize } from "#protocol/rfb/desktop-size.ts";
import {
  encodings,
  writeClientInit,
  writeFramebufferUpdateRequest,
  writeSetEncodings,
} from "#protocol/rfb/messages.ts";
import { pixelEncodings, pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import { respondToChallenge } from "#protocol/rfb/vnc-authentication.ts";
import { profilePanel, type VncProfile } from "#simulator/panels/profiles/catalogue.ts";
import { type Scene, sceneOf } from "./vnc-viewer.ts";

/** Longer than DES takes. */
export const transcriptPassword = "hydraulics-4711";

/** As noVNC lists them, but for what it does with pictures. */
const encodingList = [
  ...[encodings.copyRectangle, pixelEncodings.tight, encodings.zrle, pixelEncodings.hextile, encodings.raw],
  ...[encodings.cursor, encodings.desktopSize, pseudoEncodings.lastRectangle, pseudoEncodings.qemuExtendedKey],
  ...[pseudoEncodings.extendedDesktopSize, pseudoEncodings.fence, pseudoEncodings.continuousUpdates],
  ...[pseudoEncodings.desktopName, pseudoEncodings.extendedClipboard],
];

/** A corner of the header: one colour, whatever else the page shows. */
const corner = { x: 792, y: 4, width: 4, height: 2 } as const;

/** `ms < hex` for what the panel says, `ms > hex` for the viewer, one line for each piece. */
export async function transcriptOf(profile: VncProfile): Promise<string> {
  const title = profile.title ?? "Press 4";
  using place = await sceneOf(profilePanel(profile.name, { password: transcriptPassword, title }));
  const script = new Script(place);
  const first = await script.viewer("a viewer that knows the password");
  await first.signsIn(transcriptPassword);
  await first.asksForCorner(profile.behaviour.firstFrameMs);
  if (profile.name === "no-resize") await first.asksForSize();
  if (profile.behaviour.viewers === "one") await (await script.viewer("a second viewer")).signsIn(transcriptPassword);
  await first.hangsUp();
  for (const { type } of profile.behaviour.security ?? []) {
    if (type !== "tight" && type !== "vencrypt") continue;
    const viewer = await script.viewer(`a viewer that takes ${type === "tight" ? "Tight" : "VeNCrypt"}`);
    await (type === "tight"
      ? viewer.takesTight(1 + (profile.behaviour.security ?? []).length)
      : viewer.signsIn(transcriptPassword, { tls: true }));
    await viewer.hangsUp();
  }
  if (profile.behaviour.wrongPassword !== undefined) {
    const tries = (profile.behaviour.lockout?.after ?? 0) + 1;
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      // What the tries before the last ones look like is told by the first.
      const isShown = attempt === 1 || attempt >= tries - 1;
      const viewer = await script.viewer(`a wrong password, attempt ${attempt}`, isShown);
      await viewer.signsIn("wrong");
      await viewer.hangsUp();
    }
  }
  return `${script.lines.join("\n")}\n`;
}

class Script {
  readonly lines: string[] = [];
  readonly #place: Scene;

  constructor(place: Scene) {
    this.#place = place;
  }

  async viewer(what: string, isShown = true): Promise<ScriptedViewer> {
    const lines = isShown ? this.lines : [];
    lines.push(`# ${what}`);
    return new ScriptedViewer(this.#place, await this.#place.dials(), lines);
  }
}

class ScriptedViewer {
  readonly #place: Scene;
  readonly #connection: Connection;
  readonly #lines: string[];
  readonly #startMs: number;
  #heard: (bytes: Uint8Array) => void = () => undefined;
  #isClosed = false;

  constructor(place: Scene, connection: Connection, lines: string[]) {
    this.#place = place;
    this.#connection = connection;
    this.#lines = lines;
    this.#startMs = place.world.clock.monotonicMs();
    connection.stream.on("data", (bytes: Buffer) => {
      this.#note("<", bytes);
      this.#heard(bytes);
    });
    connection.stream.on("error", () => undefined);
    connection.stream.on("end", () => {
      this.#lines.push(`${this.#at()} < end`);
      connection.stream.end();
    });
    connection.stream.on("close", () => {
      this.#isClosed = true;
    });
  }

  async signsIn(password: string, supports = { tls: false }): Promise<void> {
    const handshake = new ClientHandshake({ password, supports });
    let isIn = false;
    this.#heard = (bytes) => {
      const { send, outcome } = handshake.receive(bytes);
      for (const part of send) this.#say(part);
      if (outcome?.kind === "authenticated") {
        isIn = true;
        this.#say(writeClientInit(true));
      }
    };
    await this.#quiet();
    this.#heard = () => undefined;
    if (isIn) await this.#quiet();
  }

  /** Chooses it also where VNC Authentication is offered. */
  async takesTight(listBytes: number): Promise<void> {
    const challenge = this.#answers(listBytes, [
      () => Buffer.from("RFB 003.008\n"),
      () => Uint8Array.of(16),
      () => Uint8Array.of(0, 0, 0, 2),
      (bytes) => respondToChallenge(transcriptPassword, bytes),
      () => writeClientInit(true),
    ]);
    await this.#quiet();
    challenge();
  }

  /** Answers to what is heard by lists of messages that belong together: in the panel's own turn. */
  #answers(listBytes: number, list: ((heard: Uint8Array) => Uint8Array)[]): () => void {
    let heard = Buffer.alloc(0);
    const needs = [12, listBytes, 24, 16, 4];
    this.#heard = (bytes) => {
      heard = Buffer.concat([heard, bytes]);
      for (let need = needs[0]; need !== undefined && heard.length >= need; [need] = needs) {
        const answer = list.shift();
        const part = heard.subarray(0, need);
        heard = heard.subarray(need);
        needs.shift();
        if (answer !== undefined) this.#say(answer(part));
      }
    };
    return () => {
      this.#heard = () => undefined;
    };
  }

  async asksForCorner(firstFrameMs = 0): Promise<void> {
    this.#say(writeSetEncodings(encodingList));
    this.#say(writeFramebufferUpdateRequest(corner, false));
    await this.#place.world.clock.advance(firstFrameMs);
    await this.#quiet(30_000);
  }

  async asksForSize(): Promise<void> {
    const size = { width: 1024, height: 600 };
    this.#say(writeSetDesktopSize(size, [{ id: 1, x: 0, y: 0, ...size, flags: 0 }]));
    this.#say(writeFramebufferUpdateRequest(corner, false));
    await this.#quiet();
  }

  async hangsUp(): Promise<void> {
    if (!this.#isClosed) this.#connection.stream.end();
    await this.#place.world.clock.until(() => this.#isClosed, { what: "the end of it", limitMs: 10_000 });
  }

  #say(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#note(">", bytes);
    this.#connection.stream.write(bytes);
  }

  #note(direction: "<" | ">", bytes: Uint8Array): void {
    this.#lines.push(`${this.#at()} ${direction} ${Buffer.from(bytes).toString("hex")}`);
  }

  #at(): string {
    return String(Math.round(this.#place.world.clock.monotonicMs() - this.#startMs)).padStart(5);
  }

  /** Until nobody has said anything for a second, or for as long as a panel may be silent. */
  async #quiet(limitMs = 2000): Promise<void> {
    const before = this.#lines.length;
    await this.#place.world.clock.advance(1000);
    for (let waited = 1000; waited < limitMs && this.#lines.length === before; waited += 1000) {
      await this.#place.world.clock.advance(1000);
    }
    let seen = this.#lines.length;
    for (let rounds = 0; rounds < 30; rounds += 1) {
      await this.#place.world.clock.advance(1000);
      if (this.#lines.length === seen) return;
      seen = this.#lines.length;
    }
  }
}

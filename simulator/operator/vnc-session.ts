// A VNC session as a person sees it: the panel's picture, a pointer and a keyboard.
import type { Framebuffer } from "#protocol/rfb/pixel-format.ts";
import type { SessionStep } from "#protocol/session-channel.ts";
import type { ClientSession, Closed } from "./client-session.ts";
import { samePicture, VncClient, type VncClientOptions } from "./vnc-client.ts";

export class VncSession {
  readonly session: ClientSession;
  readonly client: VncClient;
  /** Set when what came was no RFB. */
  broken: Error | undefined;

  constructor(session: ClientSession, options: Omit<VncClientOptions, "send"> = {}) {
    this.session = session;
    this.client = new VncClient({ ...options, send: (bytes) => session.says(bytes) });
    // What came between the upgrade and now has been kept.
    if (session.bytesReceived > 0) this.#receive(session.received);
    session.onBytes = (bytes) => this.#receive(bytes);
  }

  get steps(): readonly SessionStep[] {
    return this.session.steps;
  }

  get closed(): Promise<Closed> {
    return this.session.closed;
  }

  get picture(): Framebuffer | undefined {
    return this.client.frame;
  }

  /** Waits for the first whole picture; fails with the reason if the session ends before. */
  async showsPicture(limitMs = 60_000): Promise<void> {
    await this.session.sees(() => this.client.hasPicture, "a picture to be shown", limitMs);
  }

  /** Waits until the picture is that of `screen`, pixel for pixel. */
  async shows(screen: { readonly frame: Framebuffer }, limitMs = 60_000): Promise<void> {
    await this.session.sees(
      () => this.client.hasPicture && samePicture(this.client.frame, screen.frame),
      "the panel's own picture",
      limitMs,
    );
  }

  /** Presses and releases the left button in the middle of an area. */
  clicks(area: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }): void {
    this.client.clicks(Math.round(area.x + area.width / 2), Math.round(area.y + area.height / 2));
  }

  /** ASCII; a line feed is the Enter key. */
  types(text: string): void {
    this.client.types(text);
  }

  ends(limitMs?: number): Promise<Closed> {
    return this.session.ends(limitMs);
  }

  disconnects(): Promise<Closed> {
    return this.session.disconnects();
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.client.receive(bytes);
    } catch (error) {
      this.broken = error instanceof Error ? error : new Error(String(error));
      this.session.breaks();
    }
  }
}

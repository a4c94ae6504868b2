// What a VNC panel cannot stand, or does wrong, as its endpoint's attributes say: the relay then changes what passes.
import { ClientMessageFilter, ServerInitExchanger } from "#protocol/rfb/client-message-filter.ts";

/** Most encodings that the attribute may list. */
export const listedEncodingsMax = 64;

export interface PanelOddities {
  /** The panel puts blue where the agreed pixel format has red, and red where it has blue. */
  readonly swapsRedAndBlue: boolean;
  /** The panel hangs up when a client lists others. */
  readonly encodings: readonly number[] | undefined;
}

/** From `swapRedBlue` and `encodings`; undefined where nothing is to be changed. */
export function readOddities(attrs: Readonly<Record<string, unknown>> | undefined): PanelOddities | undefined {
  const swapsRedAndBlue = attrs?.["swapRedBlue"] === true;
  const list = attrs?.["encodings"];
  const encodings = isEncodingList(list) ? list : undefined;
  return swapsRedAndBlue || encodings !== undefined ? { swapsRedAndBlue, encodings } : undefined;
}

/** What is wrong with these attributes, in words. */
export function oddityComplaint(attrs: Readonly<Record<string, unknown>>): string | undefined {
  const { swapRedBlue, encodings } = attrs;
  if (swapRedBlue !== undefined && typeof swapRedBlue !== "boolean") return "swapRedBlue must be true or false";
  if (encodings !== undefined && !isEncodingList(encodings)) {
    return `encodings must be a list of at most ${listedEncodingsMax} whole numbers of 32 bits`;
  }
  return undefined;
}

/** The two directions of a session with such a panel. */
export class OddPanelPassage {
  readonly #fromClient: ClientMessageFilter;
  readonly #fromPanel: ServerInitExchanger | undefined;

  constructor({ swapsRedAndBlue, encodings }: PanelOddities) {
    this.#fromClient = new ClientMessageFilter({ swapsRedAndBlue, ...(encodings === undefined ? {} : { encodings }) });
    this.#fromPanel = swapsRedAndBlue ? new ServerInitExchanger() : undefined;
  }

  get heldBytes(): number {
    return this.#fromClient.heldBytes;
  }

  /** What the panel gets of the client's bytes behind the handshake. */
  toPanel(bytes: Uint8Array): Uint8Array {
    return this.#fromClient.receive(bytes);
  }

  /** What the client gets of the panel's. Throws ProtocolError for a ServerInit that cannot be. */
  toClient(bytes: Uint8Array): Uint8Array {
    return this.#fromPanel?.receive(bytes) ?? bytes;
  }
}

function isEncodingList(value: unknown): value is readonly number[] {
  const isEncoding = (one: unknown): boolean => Number.isInteger(one) && Object.is(Number(one) | 0, one);
  return Array.isArray(value) && value.length <= listedEncodingsMax && value.every(isEncoding);
}

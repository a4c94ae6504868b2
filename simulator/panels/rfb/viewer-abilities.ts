// What one viewer has said that it can do, as far as the panel takes it up.
import { encodings } from "#protocol/rfb/messages.ts";
import { pixelEncodings, pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import type { RfbBehaviour } from "./rfb-behaviour.ts";

export interface ViewerAbilities {
  /** For pixels: the first of its list that the panel has, or Raw. */
  readonly encoding: number;
  readonly takesCopies: boolean;
  /** Pseudo-encodings that both know. */
  readonly pseudo: ReadonlySet<number>;
}

const forPixels: readonly number[] = [encodings.raw, encodings.zrle, pixelEncodings.hextile, pixelEncodings.tight];

export const noAbilities: ViewerAbilities = { encoding: encodings.raw, takesCopies: false, pseudo: new Set() };

export function abilitiesOf(list: readonly number[], behaviour: RfbBehaviour): ViewerAbilities {
  const known = (encoding: number): boolean => behaviour.encodings.includes(encoding);
  const { copyRectangle, raw } = encodings;
  return {
    encoding: list.find((encoding) => forPixels.includes(encoding) && known(encoding)) ?? raw,
    takesCopies: list.includes(copyRectangle) && known(copyRectangle),
    pseudo: new Set(list.filter((encoding) => behaviour.pseudo.includes(encoding))),
  };
}

/** The first of the list that the panel has never heard of. */
export function unknownEncoding(list: readonly number[], { encodings: own, pseudo }: RfbBehaviour): number | undefined {
  return list.find((encoding) => !own.includes(encoding) && !pseudo.includes(encoding));
}

/** Whether the viewer can be told of another size of the picture. */
export function canResize({ pseudo }: ViewerAbilities): boolean {
  return pseudo.has(pseudoEncodings.extendedDesktopSize) || pseudo.has(encodings.desktopSize);
}

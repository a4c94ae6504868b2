// The picture of a fault of the catalogue, made by running it.
import { createFault, type FaultKind } from "../catalogue.ts";
import { isLinkFault } from "../fault.ts";
import { type BoardStoryOptions, tellBoardStory } from "./board-scene.ts";
import { drawLinkFault } from "./draw-link-fault.ts";
import { drawWorldFault } from "./draw-world-fault.ts";
import { tellLinkStory } from "./link-scene.ts";
import { shownParameters } from "./shown-parameters.ts";
import { tellWorldStory } from "./world-scene.ts";

/** Only a board has what these act on. */
const boardStories: Readonly<Record<string, BoardStoryOptions>> = {
  "disk-torn": { hasCable: true, hasPowerCuts: true },
  "watchdog-starvation": { hasCable: true, hasPowerCuts: false },
  "modem-hang": { hasCable: false, hasPowerCuts: false },
  "uplink-swap": { hasCable: true, hasPowerCuts: false },
};

/** SVG text; undefined for a fault that changes nothing in the small world of the pictures. */
export async function drawFault({ name, places }: FaultKind): Promise<string | undefined> {
  const fault = createFault(name, shownParameters[name]);
  if (isLinkFault(fault)) return drawLinkFault(fault.name, await tellLinkStory(fault));
  const ofBoard = boardStories[name];
  const tell = (laid: typeof fault | undefined) =>
    ofBoard === undefined
      ? tellWorldStory(laid, { isOfWire: !places.includes("site") })
      : tellBoardStory(laid, ofBoard);
  return drawWorldFault(fault.name, await tell(fault), await tell(undefined));
}

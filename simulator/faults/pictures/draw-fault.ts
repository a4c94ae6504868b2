// The picture of a fault of the catalogue, made by running it.
import { createFault, type FaultKind } from "../catalogue.ts";
import { isLinkFault } from "../fault.ts";
import { FaultError } from "../fault-error.ts";
import { drawLinkFault } from "./draw-link-fault.ts";
import { drawWorldFault } from "./draw-world-fault.ts";
import { tellLinkStory } from "./link-scene.ts";
import { shownParameters } from "./shown-parameters.ts";
import { tellWorldStory } from "./world-scene.ts";

/** SVG text; undefined for a fault that changes nothing in the small world of the pictures, or needs what it has not got. */
export async function drawFault({ name, places }: FaultKind): Promise<string | undefined> {
  const fault = createFault(name, shownParameters[name]);
  if (isLinkFault(fault)) return drawLinkFault(fault.name, await tellLinkStory(fault));
  try {
    const story = await tellWorldStory(fault, { isOfWire: !places.includes("site") });
    return drawWorldFault(fault.name, story, await tellWorldStory(undefined));
  } catch (error) {
    if (error instanceof FaultError && error.code === "fault.not-here") return undefined;
    throw error;
  }
}

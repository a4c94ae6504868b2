// What there is to choose from, as the API tells it: faults, link profiles, events, kinds of panels and products.
import { faultKinds } from "../faults/catalogue.ts";
import { linkProfiles } from "../faults/profiles.ts";
import { panelProfiles } from "../panels/profiles/catalogue.ts";
import { eventKinds } from "../triggers/event-kinds.ts";
import type { Catalogue, PanelKindView, PanelProfileView } from "./api-types.ts";
import { onLinks } from "./on-links.ts";
import { takes } from "./panel-kind.ts";
import { kindOfProtocol, panelKinds } from "./panel-kinds.ts";

export function describeCatalogue(): Catalogue {
  return {
    faults: faultKinds.map((kind) => {
      const { name, summary, isLossy, parameters } = kind;
      return { name, summary, isLossy, parameters, onLinks: onLinks(kind) };
    }),
    linkProfiles: linkProfiles.map(({ name, summary }) => ({ name, summary })),
    events: eventKinds.map(({ name, summary }) => ({ name, summary })),
    panels: describePanelKinds(),
    panelProfiles: describePanelProfiles(),
  };
}

function describePanelKinds(): readonly PanelKindView[] {
  return panelKinds.map(({ name, summary, protocol, options }) => ({
    name,
    summary,
    protocol,
    options: options.map((option) => ({ name: option.name, takes: takes(option), summary: option.summary })),
  }));
}

/** Those that can be had here. */
function describePanelProfiles(): readonly PanelProfileView[] {
  return panelProfiles
    .filter(({ protocol }) => panelKinds.some(({ name }) => name === kindOfProtocol[protocol]))
    .map(({ name, vendor, product, version, protocol, summary }) => ({
      name,
      vendor,
      product,
      version,
      protocol,
      summary,
    }));
}

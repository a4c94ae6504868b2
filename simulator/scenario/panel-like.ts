// Panels of a scenario that are as a profile says; the profile's name stays on them, so that the record can tell it.
import type { PanelProgram } from "../panels/panel.ts";
import { profilePanel } from "../panels/profiles/catalogue.ts";
import type { RunningVncPanel, VncPanelOptions } from "../panels/vnc-panel.ts";

/** A panel program that is known to be like a profile. */
export interface ProfiledPanel {
  readonly profile: string;
}

/** A VNC panel as the profile says. Throws RangeError that names the profile which was perhaps meant. */
export function vncPanelLike(
  profile: string,
  options: VncPanelOptions = {},
): PanelProgram<RunningVncPanel> & ProfiledPanel {
  return { ...profilePanel(profile, options), profile };
}

// Panels of a scenario that are as a profile says; the profile's name stays on them, so that the record can tell it.
import type { PanelProgram } from "../panels/panel.ts";
import { findProfile, profilePanel } from "../panels/profiles/catalogue.ts";
import { type RunningSshPanel, type SshPanelOptions, sshPanel } from "../panels/ssh/ssh-panel.ts";
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

/** An SSH panel as the profile says. Throws RangeError for a profile of another protocol. */
export function sshPanelLike(
  name: string,
  options: Omit<SshPanelOptions, "profile"> = {},
): PanelProgram<RunningSshPanel> & ProfiledPanel {
  const profile = findProfile(name);
  if (profile.protocol !== "SSH") throw new RangeError(`"${name}" is a profile of ${profile.protocol}, not of SSH`);
  return { ...sshPanel({ ...options, profile }), profile: name };
}

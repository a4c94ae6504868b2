// All profiles of panels, and panels made from them.
import { shown } from "../../faults/fault-error.ts";
import { nearestWord } from "../../faults/nearest-word.ts";
import type { PanelProgram } from "../panel.ts";
import { type RunningVncPanel, type VncPanelOptions, vncPanel } from "../vnc-panel.ts";
import { efonVnc42 } from "./efonvnc.ts";
import type { PanelProfile, VncProfile } from "./profile.ts";
import { legacyKeyExchange, quirks } from "./quirks.ts";
import { realVncConnect602 } from "./realvnc-connect.ts";
import { tigerVnc170 } from "./tigervnc.ts";
import { tightVnc139 } from "./tightvnc.ts";

export type { PanelProfile, SshProfile, VncProfile } from "./profile.ts";

export const panelProfiles: readonly PanelProfile[] = [
  ...[realVncConnect602, tightVnc139, tigerVnc170, efonVnc42],
  ...quirks,
  legacyKeyExchange,
];

export const vncProfiles: readonly VncProfile[] = panelProfiles.filter((profile) => profile.protocol === "VNC");

function nearest(name: string): PanelProfile | undefined {
  const word = nearestWord(
    name,
    panelProfiles.map((one) => one.name),
  );
  return panelProfiles.find((one) => one.name === word);
}

/** Throws RangeError naming the profile that was perhaps meant. */
export function findProfile(name: string): PanelProfile {
  const profile = panelProfiles.find((one) => one.name === name);
  if (profile !== undefined) return profile;
  const near = panelProfiles.find((one) => name !== "" && one.name.includes(name)) ?? nearest(name);
  const hint =
    near === undefined
      ? `known are ${panelProfiles.map((one) => one.name).join(", ")}`
      : `did you mean "${near.name}"?`;
  throw new RangeError(`There is no panel profile ${shown(name)}: ${hint}`);
}

/** A VNC panel that is as the profile says; what `options` say of the rest counts. Throws RangeError for another protocol. */
export function profilePanel(name: string, options: VncPanelOptions = {}): PanelProgram<RunningVncPanel> {
  const profile = findProfile(name);
  if (profile.protocol !== "VNC") throw new RangeError(`"${name}" is a profile of ${profile.protocol}, not of VNC`);
  const { password } = options;
  const { passwordLengthMax, title, behaviour } = profile;
  const kept = password === undefined ? {} : { password: password.slice(0, passwordLengthMax) };
  return vncPanel({
    ...(title === undefined ? {} : { title }),
    ...options,
    ...kept,
    // What the person knows is the whole of it.
    ...(password === undefined || options.endpointPassword !== undefined ? {} : { endpointPassword: password }),
    behaviour: { ...behaviour, ...options.behaviour },
  });
}

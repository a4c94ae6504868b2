// What an operator does at a VNC panel: opens it, sees its picture, types an order, and sees that too.

import type { VncClientOptions } from "../operator/vnc-client.ts";
import type { VncSession } from "../operator/vnc-session.ts";
import type { Operator } from "../operator.ts";
import type { RunningVncPanel } from "../panels/vnc-panel.ts";

interface VncSite {
  readonly operator: Operator;
  says(text: string): void;
}

/** Opens the panel, compares its picture pixel for pixel, types an order and compares again. The session stays open. */
export async function worksAtPanel(
  site: VncSite,
  name: string,
  panel: RunningVncPanel,
  options: Omit<VncClientOptions, "send"> & { readonly order?: string } = {},
): Promise<VncSession> {
  const { order = "C-9", ...client } = options;
  site.says(`the operator opens ${name}`);
  const vnc = await site.operator.opensVnc(name, client);
  await vnc.shows(panel.screen);
  vnc.types(`${order}\n`);
  await vnc.session.sees(() => panel.screen.order === order, `the order to be stored on ${name}`);
  await vnc.shows(panel.screen);
  site.says(`${name} shows the order ${order}, and the operator sees the same picture`);
  return vnc;
}

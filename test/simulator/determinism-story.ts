// A rich story for the determinism tests, told by the test process and by a process of its own.
import { blackHole } from "#simulator/faults/black-hole.ts";
import { latency } from "#simulator/faults/latency.ts";
import { reset } from "#simulator/faults/reset.ts";
import { slice } from "#simulator/faults/slice.ts";
import { stall } from "#simulator/faults/stall.ts";
import { echoPanel, patternBytes, sourcePanel } from "#simulator/panels/byte-panels.ts";
import { layout } from "#simulator/panels/hmi-screen.ts";
import { sshPanel } from "#simulator/panels/ssh/ssh-panel.ts";
import { telnetPanel } from "#simulator/panels/telnet/telnet-panel.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { Site } from "#simulator/site.ts";

/** Tells the story once; the text of its record, and how long it took in simulated minutes. */
export async function tellStory(seed: number): Promise<{ readonly text: string; readonly minutes: number }> {
  const panels = {
    press4: vncPanel({ password: "secret12" }),
    mixer2: vncPanel(),
    plc: echoPanel(),
    dump: sourcePanel({ bytes: 200_000 }),
    pc: sshPanel(),
    menu: telnetPanel(),
  };
  await using site = await Site.start({ seed, panels });
  await usesPanels(site);
  await usesTerminals(site);
  await breaksThings(site);
  site.says("and everything works again");
  await site.gatewayIsOnline(180_000);
  const vnc = await site.operator.opensVnc("press4");
  await vnc.shows(site.panels.press4.screen);
  await vnc.disconnects();
  return { text: site.record.text(), minutes: site.clock.monotonicMs() / 60_000 };
}

type StorySite = Site<{
  press4: ReturnType<typeof vncPanel>;
  mixer2: ReturnType<typeof vncPanel>;
  plc: ReturnType<typeof echoPanel>;
  dump: ReturnType<typeof sourcePanel>;
  pc: ReturnType<typeof sshPanel>;
  menu: ReturnType<typeof telnetPanel>;
}>;

async function usesPanels(site: StorySite): Promise<void> {
  site.says("panels are used");
  const press = await site.operator.opensVnc("press4");
  const mixer = await site.operator.opensVnc("mixer2", { subprotocols: ["binary"] });
  const dump = await site.operator.opensPassthrough("dump", { subprotocols: ["binary"] });
  const plc = await site.operator.opensPassthrough("plc");
  await press.shows(site.panels.press4.screen);
  press.clicks(layout.button);
  await press.session.sees(() => !site.panels.press4.screen.isRunning, "the machine to stop");
  mixer.types("C-99\n");
  await dump.ends();
  await site.between("operator", "cloud").during(latency(80, 120), async () => {
    await site.between("gateway", "plc").during(slice(50), async () => {
      await plc.sends(patternBytes(0, 20_000));
      await plc.receives(20_000);
    });
  });
  await site.passes(5_000);
  await mixer.disconnects();
  await press.disconnects();
  plc.breaks();
}

/** SSH's key exchange too: the keys come from the seed, so that what is enciphered with them does. */
async function usesTerminals(site: StorySite): Promise<void> {
  site.says("terminals are used");
  const shell = await site.operator.opensTerminal("pc");
  await shell.isOpen();
  shell.session.says(Buffer.from("ls -l /\r"));
  const menu = await site.operator.opensTerminal("menu");
  await menu.isOpen();
  menu.session.says(Buffer.from("1\r"));
  await site.passes(5_000);
  await shell.session.disconnects();
  await menu.session.disconnects();
}

async function breaksThings(site: StorySite): Promise<void> {
  site.says("things break");
  const plc = await site.operator.opensPassthrough("plc");
  await site.between("gateway", "plc").during(stall(), () => site.passes(5_000));
  await site.between("cloud", "gateway").during(blackHole(), () => site.passes(40_000));
  await site.during(reset({ port: 8883 }), () => site.passes(2_000));
  await site.gatewayIsOnline(180_000);
  await plc.ends();
  await site.cloudRestarts({ hard: true });
  await site.until(() => site.gateway.status().connectivity !== "online", { what: "the gateway to notice" });
  await site.gatewayIsOnline(180_000);
  site.powerCut();
  await site.passes(10_000);
  site.powerOn();
  await site.gatewayIsOnline(180_000);
  await site.gatewayStops();
  site.powerOn();
}

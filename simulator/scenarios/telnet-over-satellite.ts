// A controller's Telnet menu over a geostationary satellite.
import { telnetPanel } from "../panels/telnet/telnet-panel.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { layNetwork } from "../scenario/networks.ts";
import { lastMoment } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

const account = { username: "service", password: "geheim" };

export const scenario = defineScenario({
  name: "telnet-over-satellite",
  title: "A Telnet menu over a satellite",
  summary:
    "Login, menu and full-screen values with 600 ms there and back: each key takes its time, every line is right, nobody is taken for lost.",
  faults: ["throttle", "latency", "loss"],
  profiles: ["satellite"],
  modes: ["memory"],
  panels: { plc: telnetPanel({ account }) },
  story: async (site) => {
    const { operator, panels } = site;
    const network = await layNetwork(site, "satellite");
    const terminal = await operator.opensTerminal("plc", { columns: 100, rows: 35 });
    await terminal.shows("login: ");
    terminal.types("service\n");
    await terminal.shows("Password: ");
    terminal.types("geheim\n");
    await terminal.shows("Choice: ");
    site.says("the menu is there");
    expectSame("logins", panels.plc.logins, 1);
    const pressedAtMs = lastMoment(site);
    terminal.types("1\n");
    await terminal.shows(" 100 x 35 ");
    expectBetween("ms until the values are shown", lastMoment(site) - pressedAtMs, 500, 5000);
    terminal.resizes({ columns: 80, rows: 25 });
    await terminal.shows(" 80 x 25 ");
    await site.passes(60_000);
    terminal.types("q");
    await terminal.shows("Choice: ");
    terminal.types("9\n");
    expectSame("the operator is told why it ends", (await terminal.ends()).reason, "panel.closed");
    await network.lift();
  },
});

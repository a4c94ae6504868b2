// What panels do with passwords that are too long or wrong.
import { latency } from "../faults/latency.ts";
import { expectContains, expectSame } from "../scenario/expectations.ts";
import { vncPanelLike } from "../scenario/panel-like.ts";
import { auditedReasons } from "../scenario/sightings.ts";
import { worksAtPanel } from "../scenario/vnc-visit.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "vnc-passwords",
  title: "Long passwords and wrong ones",
  summary:
    "A panel that keeps eight characters takes the long password from the vault; wrong ones are told with the panel's words, or without where it has none.",
  faults: ["latency"],
  profiles: ["eight-character-password", "mute-refusal", "too-many-attempts"],
  modes: ["memory", "loopback"],
  panels: {
    eight: vncPanelLike("eight-character-password", { password: "hydraulics-4711" }),
    mute: vncPanelLike("mute-refusal", { password: "secret12", endpointPassword: "wrong" }),
    many: vncPanelLike("too-many-attempts", { password: "secret12", endpointPassword: "wrong" }),
  },
  story: async (site) => {
    const { operator, panels } = site;
    site.between("gateway", "cloud").apply(latency(50));
    const eight = await worksAtPanel(site, "eight", panels.eight);
    await eight.disconnects();
    for (const [name, words] of [
      ["mute", "did not accept the password"],
      ["many", "too many tries"],
    ] as const) {
      const vnc = await operator.opensVnc(name);
      const ending = await vnc.ends();
      expectSame(`${name}: the operator is told why`, ending.said?.reason, "auth.failed");
      expectContains(`${name}: in words`, ending.said?.text ?? "", words);
    }
    expectSame("the audit trail", await auditedReasons(operator), ["client.closed", "auth.failed", "auth.failed"]);
  },
});

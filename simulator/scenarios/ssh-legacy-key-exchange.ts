// A device of about 2008 whose SSH server knows nothing that is safe today.
import { latency } from "../faults/latency.ts";
import { expectContains, expectSame } from "../scenario/expectations.ts";
import { sshPanelLike } from "../scenario/panel-like.ts";
import { auditedReasons } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "ssh-legacy-key-exchange",
  title: "SSH with legacy key exchange, refused and allowed",
  summary:
    "By default the session is refused with the names of what the panel offers; where the endpoint allows it there is a shell.",
  faults: ["latency"],
  profiles: ["legacy-key-exchange"],
  modes: ["memory", "loopback"],
  panels: {
    refused: sshPanelLike("legacy-key-exchange"),
    allowed: sshPanelLike("legacy-key-exchange", { endpoint: { attrs: { legacyAlgorithms: true } } }),
  },
  story: async (site) => {
    const { operator, panels } = site;
    site.between("gateway", "cloud").apply(latency(60));
    const refused = await operator.opensTerminal("refused");
    const ending = await refused.ends();
    site.says(`the operator is told: ${ending.said?.text}`);
    expectSame("the operator is told why", ending.said?.reason, "protocol.unsupported");
    expectContains("with the names", ending.said?.text ?? "", "diffie-hellman-group1-sha1");
    expectSame("sign-ins there", panels.refused.signIns, 0);
    const terminal = await operator.opensTerminal("allowed");
    await terminal.isOpen();
    site.says("where it is allowed there is a shell");
    terminal.types("uname -m\n");
    await terminal.shows("armv7l");
    await terminal.disconnects();
    expectSame("the audit trail", await auditedReasons(operator), ["protocol.unsupported", "client.closed"]);
  },
});

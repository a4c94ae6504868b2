// What a configuration from the cloud may change: a table of hostile files, and of honest ones. Pure.
import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { secretPlaces, withoutSecrets, withSecretsOf } from "#firmware/device-management/config-secrets.ts";
import { type ConfigVerdict, judgeConfig } from "#firmware/device-management/judge-config.ts";

const local = `# installed by hand: keep this comment
[cloud]
url = "https://cloud.example"
proxy = "http://proxy.plant:3128"
proxy_user = "gw"
proxy_password = "pr0xy \\"pw\\""

[registration]
password = 'b00t-pw' # from the delivery note
security_token = "s3curity"

[tunnels]
allow = ["192.168.10.0/24"]

[commands]
uptime = ["/usr/bin/uptime"]

[health]
interval_s = 60
`;

/** As the cloud has it. */
const known = withoutSecrets(local);
const allowing = (sections: string): string => `${local}\n[remote_configuration]\nallow = [${sections}]\n`;

const judge = (sent: string, current = local): ConfigVerdict => judgeConfig(current, sent, "gateway.toml");
const why = (sent: string, current = local): string => {
  const verdict = judge(sent, current);
  return verdict.kind === "refused" ? verdict.why : verdict.kind;
};

describe("secrets of a configuration", () => {
  it("stand in these places", () => {
    expect(secretPlaces.map((place) => place.join("."))).toEqual([
      "cloud.proxy_password",
      "registration.password",
      "registration.security_token",
      "registration.one_time_password",
    ]);
  });

  it("are hidden, and all else stays as it is written", () => {
    expect(known).toBe(
      local.replace('"pr0xy \\"pw\\""', '"***"').replace("'b00t-pw'", '"***"').replace('"s3curity"', '"***"'),
    );
  });

  it("come back as they were", () => {
    expect(parse(withSecretsOf(local, known))).toEqual(parse(local));
  });

  it.each([
    ["a dotted key", 'registration.password = "b00t-pw"\n[cloud]\nurl = "https://x"\n'],
    ["an inline table", 'registration = { password = "b00t-pw" }\n[cloud]\nurl = "https://x"\n'],
    ["a quoted key", '[registration]\n"password" = "b00t-pw"\n'],
    ["a quoted section", '["registration"]\npassword = "b00t-pw"\n'],
    ["a text over lines", '[registration]\npassword = """\nb00t-\\\n   pw"""\n'],
    ["a comment that repeats it", '[registration]\npassword = "b00t-pw"\n# it was b00t-pw all the time\n'],
    ["another key with the same value", '[registration]\npassword = "b00t-pw"\n[device]\nname = "b00t-pw x"\n'],
    ["escapes", '[registration]\npassword = "\\u0062\\u00300t-pw"\n'],
  ])("are hidden when written with %s", (_, text) => {
    const clean = withoutSecrets(text);
    const { registration } = parse(clean) as { readonly registration: { readonly password: string } };
    expect(registration.password).toBe("***");
    expect(clean.replace(/name = .*/, "")).not.toContain("b00t-pw");
    expect(parse(withSecretsOf(text, clean))).toEqual(parse(text));
  });
});

describe("an honest configuration", () => {
  it("is usable with its secrets", () => {
    const sent = known.replace("interval_s = 60", "interval_s = 120");
    expect(judge(sent)).toEqual({ kind: "usable", text: expect.stringContaining("interval_s = 120") });
    const verdict = judge(sent);
    expect(verdict.kind === "usable" && parse(verdict.text)).toEqual(parse(local.replace("= 60", "= 120")));
  });

  it("changes nothing where nothing is changed, in other words or another order", () => {
    expect(judge(known)).toEqual({ kind: "unchanged" });
    expect(judge(local)).toEqual({ kind: "unchanged" });
    expect(judge(`[health]\ninterval_s = 60 # a minute\n${known.replace("[health]\ninterval_s = 60\n", "")}`)).toEqual({
      kind: "unchanged",
    });
  });

  it.each([
    ["cloud", '"https://cloud.example"', '"https://new.example"'],
    ["tunnels", '["192.168.10.0/24"]', '["192.168.0.0/16"]'],
    ["commands", '["/usr/bin/uptime"]', '["/usr/bin/uptime", "-p"]'],
    ["registration", "security_token", 'user = "management/other"\nsecurity_token'],
  ])("may change [%s] where the gateway's own file allows it, and only there", (section, from, to) => {
    const sent = withoutSecrets(allowing(`"${section}"`)).replace(from, to);
    expect(judge(sent, allowing(`"${section}"`)).kind).toBe("usable");
    const others = ["cloud", "registration", "tunnels", "commands"].filter((each) => each !== section);
    const elsewhere = allowing(others.map((each) => `"${each}"`).join(", "));
    expect(why(withoutSecrets(elsewhere).replace(from, to), elsewhere)).toContain(
      `[${section}] can be changed at the gateway only`,
    );
  });
});

describe("a hostile configuration", () => {
  it.each<[what: string, sent: string, words: string]>([
    ["wider targets", known.replace("192.168.10.0/24", "0.0.0.0/0"), "[tunnels] can be"],
    ["one target more", known.replace('"192.168.10.0/24"', '"192.168.10.0/24", "169.254.169.254"'), "[tunnels] can be"],
    [
      "no targets of its own, so the default ones",
      known.replace('allow = ["192.168.10.0/24"]\n', ""),
      "[tunnels] can be",
    ],
    ["no [tunnels]", known.replace(/\[tunnels\]\n.*\n/, ""), "[tunnels] can be"],
    ["dotted targets", `tunnels.allow = ["::/0"]\n${known.replace(/\[tunnels\]\n.*\n/, "")}`, "[tunnels] can be"],
    [
      "targets in a table",
      `tunnels = { allow = ["::/0"] }\n${known.replace(/\[tunnels\]\n.*\n/, "")}`,
      "[tunnels] can be",
    ],
    [
      "a quoted section",
      known.replace("[tunnels]", '["tunnels"]').replace("192.168.10.0/24", "::/0"),
      "[tunnels] can be",
    ],
    ["more tunnels", known.replace("[tunnels]", "[tunnels]\nmax = 256"), "[tunnels] can be"],
    ["another device", `${known}\n[device]\nid = "gw-0002"\n`, "[device] id can be changed at the gateway only"],
    ["a serial console", `${known}\n[serial.x]\nport = "/dev/ttyUSB0"\n`, "[serial] can be"],
    ["another cloud", known.replace("https://cloud.example", "https://evil.example"), "[cloud] can be"],
    ["another authority", known.replace("[cloud]", '[cloud]\nca = "/tmp/x.pem"'), "[cloud] can be"],
    ["another proxy", known.replace("proxy.plant", "evil.example"), "[cloud] can be"],
    ["no proxy", known.replace(/proxy.*\n/g, ""), "[cloud] proxy_password cannot be set or removed"],
    ["a command more", known.replace("[commands]", '[commands]\nsh = ["/bin/sh"]'), "[commands] can be"],
    ["another program", known.replace("/usr/bin/uptime", "/bin/sh"), "[commands] can be"],
    [
      "another way to register",
      known.replace("[registration]", '[registration]\nmethod = "enrolment"'),
      "[registration] can be",
    ],
    [
      "another secret",
      known.replace('password = "***" #', 'password = "mine" #'),
      "[registration] password cannot be set",
    ],
    [
      "no secret",
      known.replace('security_token = "***"\n', ""),
      "[registration] security_token cannot be set or removed",
    ],
    [
      "a secret that is not there",
      known.replace("[registration]", '[registration]\none_time_password = "***"'),
      "has no such secret",
    ],
    [
      "a file as secret",
      known.replace('password = "***" #', 'password_file = "/etc/shadow" #'),
      "cannot be set or removed",
    ],
    [
      "a key of its own",
      known.replace("[registration]", '[registration]\nkey = "/etc/x.key"'),
      "[registration] key cannot be set",
    ],
    ["permissions", `${known}\n[remote_configuration]\nallow = ["tunnels"]\n`, "[remote_configuration] can be"],
    ["another state", `${known}\n[state]\ndir = "/tmp"\n`, "[state] can be"],
    ["prototypes", `${known}\n[__proto__]\nallow = ["tunnels"]\n`, "__proto__"],
    ["a constructor", `${known}\n[constructor]\nx = 1\n`, "constructor"],
    ["a section twice", `${known}\n[tunnels]\nallow = ["::/0"]\n`, "not valid TOML in line"],
    ["nothing", "", "cannot be set or removed from the cloud"],
    ["no TOML", "<html>", "not valid TOML in line 1"],
    ["a secret in a broken line", 'password = "b00t-pw', "not valid TOML in line 1"],
  ])("with %s is refused", (_, sent, words) => {
    expect(why(sent)).toContain(words);
    expect(why(sent)).not.toContain("b00t-pw");
  });

  it("gains nothing from what it was allowed: permissions and secrets stay, whatever is allowed", () => {
    const all = allowing('"cloud", "registration", "tunnels", "commands"');
    const sent = withoutSecrets(all);
    expect(why(sent.replace('"commands"]', '"commands", "commands"]'), all)).toContain("[remote_configuration] can be");
    expect(why(sent.replace('password = "***" #', 'password_file = "/etc/shadow" #'), all)).toContain("cannot be set");
    expect(why(sent.replace("[registration]", '[registration]\nkey = "/etc/x.key"'), all)).toContain("cannot be set");
    expect(why(`${sent}\n[state]\ndir = "/tmp"\n`, all)).toContain("[state] can be");
  });

  it("never leads anywhere step by step", () => {
    let current = local;
    const steps = [
      (text: string) => text.replace("interval_s = 60", "interval_s = 70"),
      (text: string) => `${text}\n[remote_configuration]\nallow = ["tunnels"]\n`,
      (text: string) => `${text}\n[log]\nlevel = "debug"\n`,
      (text: string) => text.replace("192.168.10.0/24", "0.0.0.0/0"),
      (text: string) => text.replace("[commands]", '[commands]\nsh = ["/bin/sh"]'),
      (text: string) => text.replace("https://cloud.example", "https://evil.example"),
    ];
    for (let round = 0; round < 3; round += 1) {
      for (const step of steps) {
        const verdict = judge(step(withoutSecrets(current)), current);
        if (verdict.kind === "usable") current = verdict.text;
      }
    }
    const guarded = ["cloud", "registration", "tunnels", "commands", "remote_configuration"];
    const [before, after] = [parse(local), parse(current)];
    for (const section of guarded) expect(after[section]).toEqual(before[section]);
    expect(after["log"]).toEqual({ level: "debug" });
  });

  it("is nothing to compare with a local file that is broken", () => {
    expect(why(known, "[cloud\n")).toBe(
      "gateway.toml on the gateway cannot be read any more: it must be put right there",
    );
  });
});

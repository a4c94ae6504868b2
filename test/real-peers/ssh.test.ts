// SSH endpoints through cloud and gateway as processes, against OpenSSH's sshd and dropbear.
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientSession } from "#simulator/operator/client-session.ts";
import { isRoot, keygen, makeUser, type Sshd, startSshd, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { Program } from "../support/processes.ts";
import { type RealSite, startRealSite } from "../support/real-site.ts";
import { freePort } from "../support/xvnc.ts";

const old = [
  "HostKeyAlgorithms +ssh-dss,ssh-rsa",
  "PubkeyAcceptedAlgorithms +ssh-dss,ssh-rsa",
  "KexAlgorithms +diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
  "Ciphers +aes128-cbc,3des-cbc",
  "MACs +hmac-sha1",
];
const kinds = {
  "RSA 3072": ["-t", "rsa", "-b", "3072"],
  "RSA 2048": ["-t", "rsa", "-b", "2048"],
  DSA: ["-t", "dsa"],
  "ECDSA 256": ["-t", "ecdsa", "-b", "256"],
  "ECDSA 384": ["-t", "ecdsa", "-b", "384"],
  "ECDSA 521": ["-t", "ecdsa", "-b", "521"],
  ED25519: ["-t", "ed25519"],
} as const;
type Kind = keyof typeof kinds;
const kindNames = Object.keys(kinds) as Kind[];
const passphrase = "open sesame";

const skips = isAnyMissing(peers.sshd, peers.sshKeygen, peers.puttygen, peers.dropbear, peers.dropbearkey) || !isRoot;

describe.skipIf(skips)("SSH panels that nobody here wrote", () => {
  let site: RealSite;
  let user: TestUser;
  let sshd: Sshd;
  let authorizedKeys: string;
  const hostKeyFiles = new Map<Kind, string>();

  beforeAll(async () => {
    site = await startRealSite("gw-ssh");
    user = makeUser(site.folder);
    for (const kind of kindNames) {
      hostKeyFiles.set(kind, keygen(site.folder, `host-${kind.replace(" ", "-")}`, ...kinds[kind], "-N", ""));
    }
    authorizedKeys = join(site.folder, "authorized_keys");
    writeFileSync(authorizedKeys, "", { mode: 0o644 });
    sshd = await startSshd({
      folder: site.folder,
      hostKeys: [file("RSA 3072"), file("DSA"), file("ECDSA 256"), file("ED25519")],
      lines: ["UsePAM no", `AuthorizedKeysFile ${authorizedKeys}`, "MaxAuthTries 20", ...old],
    });
    console.info(`sshd: ${sshd.version}`);
  });

  afterAll(async () => {
    await sshd?.stop();
    await site?.stop();
    user?.remove();
  });

  const file = (kind: Kind) => hostKeyFiles.get(kind) ?? "";
  const publicLine = (privateFile: string) => readFileSync(`${privateFile}.pub`, "utf8");
  const ssh = (fields: Record<string, unknown> = {}) => ({
    protocol: "SSH",
    port: sshd.port,
    credentialsType: "USER_PASS",
    username: user.name,
    password: user.password,
    hostKey: publicLine(file("ED25519")),
    ...fields,
  });

  let asked = 0;
  /** Asks the shell at the far side and gives what it answers. */
  async function asksShell(session: ClientSession, command: string): Promise<string> {
    asked += 1;
    // The marks stand apart in what is typed, so that its echo is not taken for the answer.
    session.says(Buffer.from(`echo be''gin${asked}; ${command}; echo do''ne${asked}\r`));
    const answer = () =>
      new RegExp(`begin${asked}\r\n([^]*?)done${asked}\r\n`).exec(session.received.toString("utf8"))?.[1];
    await session.sees(() => answer() !== undefined, `the end of ${command}`, 15_000);
    return (answer() ?? "").replaceAll("\r", "");
  }

  const whoAmI = async (session: ClientSession) => {
    await session.reaches("open", 20_000);
    const answer = await asksShell(session, "id -un");
    await session.disconnects();
    return answer.trim();
  };

  test("password, terminal size with live resize, UTF-8, and the exit status", async () => {
    const session = await site.opens(ssh());
    session.tells({ type: "resize", columns: 132, rows: 43 });
    await session.reaches("open");
    expect(await asksShell(session, "stty size; echo $TERM")).toBe("43 132\nxterm-256color\n");
    session.tells({ type: "resize", columns: 101, rows: 33 });
    expect(await asksShell(session, "sleep 0.3; stty size")).toBe("33 101\n");
    expect(await asksShell(session, "printf '%s|' Grüße 漢字 🛠")).toContain("Grüße|漢字|🛠|");
    session.says(Buffer.from("exit 3\r"));
    expect(await session.ends()).toMatchObject({
      code: 1000,
      reason: "panel.closed",
      said: { reason: "panel.closed", text: "The shell ended with exit status 3." },
    });
  });

  test("a foreign client gets the terminal's bytes alone", async () => {
    const session = await site.opens(ssh(), ["binary"]);
    await session.receives(1);
    expect((await asksShell(session, "id -un")).trim()).toBe(user.name);
    expect(session.messages).toEqual([]);
    await session.disconnects();
  });

  test("a wrong password is auth.failed", async () => {
    const session = await site.opens(ssh({ password: "wrong" }));
    expect(await session.ends()).toMatchObject({ code: 4060, reason: "auth.failed" });
  });

  test("a flood of `yes` to a client that takes nothing for a while loses no byte", async () => {
    const session = await site.opens(ssh());
    await session.reaches("open");
    session.says(Buffer.from("yes | head -c 8000000; echo over''now\r"));
    await session.receives(10_000);
    session.pauses();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const held = Number(
      /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${site.cloud.program.child.pid}/status`, "utf8"))?.[1],
    );
    console.info(`resident memory of the cloud under the flood: ${held} KiB`);
    session.resumes();
    // The terminal makes two bytes of each line end.
    await session.sees(() => session.received.length > 0 && session.bytesReceived >= 12_000_000, "the flood", 60_000);
    await session.sees(() => session.bytesReceived < 12_001_000, "no more than the flood and the prompts", 1_000);
    await session.disconnects();
  });

  describe("host keys", () => {
    test.each(kindNames.filter((kind) => kind !== "RSA 2048" && kind !== "ECDSA 384" && kind !== "ECDSA 521"))(
      "%s is asked of the panel where it is the known one",
      async (kind) => {
        const session = await site.opens(
          ssh({ hostKey: publicLine(file(kind)), attrs: { legacyAlgorithms: kind === "DSA" } }),
        );
        expect(await whoAmI(session)).toBe(user.name);
      },
    );

    test("an unknown one is shown as ssh-keygen shows it, confirmed, and kept", async () => {
      const endpoint = await site.makesEndpoint(ssh({ hostKey: null }));
      const target = { deviceId: site.operator.deviceId, endpointId: String(endpoint["id"]) };
      const session = await site.operator.opens(target);
      await session.sees(() => session.messages.some(({ type }) => type === "host-key"), "the question");
      const asked = session.messages.find((message) => message.type === "host-key");
      const shown = execFileSync("ssh-keygen", ["-l", "-f", `${file("ED25519")}.pub`], { encoding: "utf8" });
      expect(shown).toContain(` ${asked?.fingerprint} `);
      session.tells({ type: "accept-host-key", fingerprint: asked?.fingerprint ?? "" });
      expect(await whoAmI(session)).toBe(user.name);
      const second = await site.operator.opens(target);
      expect(await whoAmI(second)).toBe(user.name);
      expect(second.messages.some(({ type }) => type === "host-key")).toBe(false);
    });

    test("a changed one refuses with both fingerprints", async () => {
      const other = keygen(site.folder, "other-host", "-t", "ed25519", "-N", "");
      const session = await site.opens(ssh({ hostKey: publicLine(other) }));
      const end = await session.ends();
      expect(end).toMatchObject({ code: 4063, reason: "hostkey.mismatch" });
      for (const name of [other, file("ED25519")]) {
        const line = execFileSync("ssh-keygen", ["-l", "-f", `${name}.pub`], { encoding: "utf8" });
        expect(end.said?.text).toContain(line.split(" ")[1]);
      }
    });
  });

  describe("user keys", () => {
    interface Made {
      readonly what: string;
      readonly kind: Kind;
      readonly make: (original: string) => string;
      readonly passphrase?: string;
    }
    const converted = (original: string, format: string, phrase: string): string => {
      const copy = `${original}-${format}-${phrase === "" ? "open" : "locked"}`;
      execFileSync("cp", [original, copy]);
      execFileSync("chmod", ["600", copy]);
      const args = format === "openssh" ? [] : ["-m", format];
      execFileSync("ssh-keygen", ["-q", "-p", "-f", copy, "-P", "", "-N", phrase, ...args]);
      return readFileSync(copy, "utf8");
    };
    const putty = (original: string, format: string, phrase: string, ...more: string[]): string => {
      const out = `${original}-${format}-${more.length}-${phrase === "" ? "open" : "locked"}`;
      const phraseFile = `${out}.phrase`;
      writeFileSync(phraseFile, phrase);
      const ppk = `${original}.ppk`;
      if (!existsSync(ppk)) execFileSync("puttygen", [original, "-O", "private", "-o", ppk]);
      // puttygen refuses to write what it has read as it is.
      const source = format === "private" ? original : ppk;
      execFileSync("puttygen", [source, "-O", format, "-o", out, "--new-passphrase", phraseFile, ...more]);
      return readFileSync(out, "utf8");
    };
    const formats = (kind: Kind): Made[] =>
      ["", passphrase].flatMap((phrase) => {
        const with_ = phrase === "" ? "" : " with passphrase";
        const locked = phrase === "" ? {} : { passphrase: phrase };
        const pem = kind === "ED25519" ? [] : ["PEM", "PKCS8"];
        return [
          { what: `ssh-keygen's own${with_}`, kind, make: (key) => converted(key, "openssh", phrase), ...locked },
          ...pem.map((format) => ({
            what: `ssh-keygen ${format}${with_}`,
            kind,
            make: (key: string) => converted(key, format, phrase),
            ...locked,
          })),
          { what: `PuTTY 3${with_}`, kind, make: (key) => putty(key, "private", phrase), ...locked },
          {
            what: `PuTTY 2${with_}`,
            kind,
            make: (key) => putty(key, "private", phrase, "--ppk-param", "version=2"),
            ...locked,
          },
          { what: `puttygen's OpenSSH${with_}`, kind, make: (key) => putty(key, "private-openssh", phrase), ...locked },
          {
            what: `puttygen's new OpenSSH${with_}`,
            kind,
            make: (key) => putty(key, "private-openssh-new", phrase),
            ...locked,
          },
          ...(kind.startsWith("RSA") || kind === "DSA"
            ? [
                {
                  what: `puttygen's ssh.com${with_}`,
                  kind,
                  make: (key: string) => putty(key, "private-sshcom", phrase),
                  ...locked,
                },
              ]
            : []),
        ] satisfies Made[];
      });
    const originals = new Map<Kind, string>();
    const originalOf = (kind: Kind): string => {
      const known = originals.get(kind);
      if (known !== undefined) return known;
      const made = keygen(site.folder, `user-${kind.replace(" ", "-")}`, ...kinds[kind], "-N", "");
      appendFileSync(authorizedKeys, publicLine(made));
      originals.set(kind, made);
      return made;
    };

    test.each(kindNames.flatMap((kind) => formats(kind)))(
      "$kind, $what",
      async ({ kind, make, passphrase: phrase }) => {
        const privateKey = make(originalOf(kind));
        const session = await site.opens(
          ssh({
            credentialsType: "KEY_PAIR",
            password: undefined,
            privateKey,
            ...(phrase === undefined ? {} : { passphrase: phrase }),
            attrs: { legacyAlgorithms: kind === "DSA" },
          }),
        );
        expect(await whoAmI(session)).toBe(user.name);
      },
    );

    test("a pair that the cloud generated", async () => {
      const answer = await site.operator.asks("POST", "/service/remoteaccess/keypair/generate", { hostname: "panel" });
      const pair = answer.json() as { publicKey: string; privateKey: string };
      appendFileSync(authorizedKeys, `${pair.publicKey.trim()}\n`);
      const session = await site.opens(ssh({ credentialsType: "KEY_PAIR", password: undefined, ...pair }));
      expect(await whoAmI(session)).toBe(user.name);
    });

    test("a key that the panel does not know is auth.failed", async () => {
      const stranger = keygen(site.folder, "stranger", "-t", "ed25519", "-N", "");
      const privateKey = readFileSync(stranger, "utf8");
      const session = await site.opens(ssh({ credentialsType: "KEY_PAIR", password: undefined, privateKey }));
      expect(await session.ends()).toMatchObject({ reason: "auth.failed" });
    });
  });

  describe("certificates", () => {
    let trusting: Sshd;
    let authority: string;

    beforeAll(async () => {
      authority = keygen(site.folder, "authority", "-t", "ed25519", "-N", "");
      trusting = await startSshd({
        folder: site.folder,
        hostKeys: [file("ED25519")],
        lines: ["UsePAM no", `TrustedUserCAKeys ${authority}.pub`, "AuthorizedKeysFile none", ...old],
      });
    });

    afterAll(async () => trusting?.stop());

    const certified = (kind: Kind, principal: string) => {
      const key = keygen(site.folder, `cert-${kind.replace(" ", "-")}-${principal}`, ...kinds[kind], "-N", "");
      execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "test", "-n", principal, "-V", "+1h", `${key}.pub`]);
      return {
        port: trusting.port,
        credentialsType: "CERTIFICATE",
        password: undefined,
        privateKey: readFileSync(key, "utf8"),
        certificate: readFileSync(`${key}-cert.pub`, "utf8"),
        attrs: { legacyAlgorithms: kind === "DSA" },
      };
    };

    test.each(kindNames.filter((kind) => kind !== "DSA"))("%s", async (kind) => {
      expect(await whoAmI(await site.opens(ssh(certified(kind, user.name))))).toBe(user.name);
    });

    test("one for somebody else is auth.failed", async () => {
      const session = await site.opens(ssh(certified("ED25519", "somebody")));
      expect(await session.ends()).toMatchObject({ reason: "auth.failed" });
    });
  });

  test("keyboard-interactive through PAM gets the stored password", async () => {
    const asking = await startSshd({
      folder: site.folder,
      hostKeys: [file("ED25519")],
      lines: ["UsePAM yes", "PasswordAuthentication no", "PubkeyAuthentication no", "KbdInteractiveAuthentication yes"],
    });
    try {
      expect(await whoAmI(await site.opens(ssh({ port: asking.port })))).toBe(user.name);
    } finally {
      await asking.stop();
    }
  });

  test("an old server is refused with what it offers, and opened where the endpoint allows it", async () => {
    const ancient = await startSshd({
      folder: site.folder,
      hostKeys: [file("DSA")],
      lines: [
        "UsePAM no",
        "HostKeyAlgorithms ssh-dss",
        "KexAlgorithms diffie-hellman-group1-sha1",
        "Ciphers 3des-cbc",
        "MACs hmac-sha1",
      ],
    });
    try {
      const fields = { port: ancient.port, hostKey: publicLine(file("DSA")) };
      const refused = await (await site.opens(ssh(fields))).ends();
      expect(refused).toMatchObject({ reason: "protocol.unsupported" });
      expect(refused.said?.text).toContain("diffie-hellman-group1-sha1");
      expect(await whoAmI(await site.opens(ssh({ ...fields, attrs: { legacyAlgorithms: true } })))).toBe(user.name);
    } finally {
      await ancient.stop();
    }
  });

  test("dropbear: password, key and host key", async () => {
    const hostKey = join(site.folder, "dropbear-host");
    const made = spawnSync("dropbearkey", ["-t", "ed25519", "-f", hostKey], { encoding: "utf8" });
    const line = /^ssh-ed25519 .*$/m.exec(made.stdout)?.[0] ?? "";
    const port = await freePort();
    const dropbear = new Program("dropbear", "/usr/sbin/dropbear", [
      "-F",
      "-E",
      "-p",
      `127.0.0.1:${port}`,
      "-r",
      hostKey,
    ]);
    await dropbear.until(() => (dropbear.output.includes("Not backgrounding") ? true : undefined), "listening", 10_000);
    const { stderr } = spawnSync("/usr/sbin/dropbear", ["-V"], { encoding: "utf8" });
    console.info(stderr.trim());
    try {
      const fields = { port, hostKey: line };
      expect(await whoAmI(await site.opens(ssh(fields)))).toBe(user.name);
      const wrong = await site.opens(ssh({ ...fields, password: "wrong" }));
      expect(await wrong.ends()).toMatchObject({ reason: "auth.failed" });
      for (const kind of ["RSA 3072", "ECDSA 256", "ED25519"] as const) {
        const key = keygen(site.folder, `dropbear-user-${kind.replace(" ", "-")}`, ...kinds[kind], "-N", "");
        const sshFolder = join(user.home, ".ssh");
        execFileSync("install", ["-d", "-o", user.name, "-m", "700", sshFolder]);
        execFileSync("install", ["-o", user.name, "-m", "600", `${key}.pub`, join(sshFolder, "authorized_keys")]);
        const privateKey = readFileSync(key, "utf8");
        const keyFields = { ...fields, credentialsType: "KEY_PAIR", password: undefined, privateKey };
        expect(await whoAmI(await site.opens(ssh(keyFields)))).toBe(user.name);
      }
    } finally {
      await dropbear.stop("SIGTERM");
    }
  });
});

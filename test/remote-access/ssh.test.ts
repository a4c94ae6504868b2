// SSH endpoints: the relay signs in at the panel, judges its key and gives the client the terminal's bytes.
import { createHash } from "node:crypto";
import ssh2, { type AuthContext, type ServerConfig } from "ssh2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CloudMessage, parseCloudMessage, writeSessionMessage } from "#protocol/session-channel.ts";
import { ed25519Pair } from "../support/ed25519-pair.ts";
import { settle, until } from "./manual-clock.ts";
import { hostKeys, SshPanel } from "./ssh-panel.ts";
import { makeWire } from "./wire.ts";
import { type Peer, World } from "./world.ts";

const { utils } = ssh2;

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

const channel = ["postern.session.v1"];
const sshEndpoint = { protocol: "SSH", port: 22, credentialsType: "USER_PASS", username: "root", password: "hunter22" };

const publicLine = (privateKey: string) => {
  const key = utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return `${key.type} ${key.getPublicSSH().toString("base64")}`;
};
const fingerprintOf = (privateKey: string) => {
  const blob = Buffer.from(publicLine(privateKey).split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
};
const known = { hostKey: publicLine(hostKeys.ed25519) };

/** Takes root with "hunter22". */
function takesPassword(context: AuthContext): void {
  if (context.method === "password" && context.username === "root" && context.password === "hunter22") context.accept();
  else context.reject(["password"]);
}

const says = (client: Peer): CloudMessage[] => client.texts.map((text) => parseCloudMessage(text));
const says1 = <T extends CloudMessage["type"]>(client: Peer, type: T) =>
  says(client).find((message): message is Extract<CloudMessage, { type: T }> => message.type === type);

async function opens(
  options: {
    readonly fields?: Record<string, unknown>;
    readonly judge?: (context: AuthContext) => void;
    readonly config?: Partial<ServerConfig>;
    readonly subprotocols?: string[];
    readonly pieceBytes?: number;
    readonly refusesTerminal?: boolean;
    readonly before?: (client: Peer) => void;
    readonly clientWire?: ReturnType<typeof makeWire>;
  } = {},
) {
  const {
    fields = known,
    judge = takesPassword,
    subprotocols = channel,
    before,
    clientWire,
    ...panelOptions
  } = options;
  const endpoint = await world.addsEndpoint({ ...sshEndpoint, ...fields });
  const client = world.client(endpoint, { subprotocols, ...(clientWire === undefined ? {} : { wire: clientWire }) });
  await client.opened;
  before?.(client);
  const gateway = world.gateway(await world.connectionKey());
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  const panel = new SshPanel(gateway, { judge, ...panelOptions });
  return { client, gateway, panel, endpoint };
}

const shell = async (panel: SshPanel) => until("a shell", () => panel.channel);

describe("an SSH session", () => {
  it("signs in with the stored password, opens a terminal and passes bytes both ways", async () => {
    const { client, panel } = await opens();
    const server = await shell(panel);
    expect(panel.attempts).toEqual([
      { method: "none", username: "root" },
      { method: "password", username: "root", password: "hunter22" },
    ]);
    expect(panel.terminal).toBe("xterm-256color");
    server.write("plc login ok\r\n$ ");
    await client.receives("plc login ok\r\n$ ");
    client.send("ls\r");
    await until("typed", () => panel.typed === "ls\r");
    expect(says(client).map((message) => (message.type === "step" ? message.step : message.type))).toEqual([
      "waiting-for-gateway",
      "opening-tunnel",
      "handshaking",
      "open",
    ]);
    client.websocket.close(1000);
    await until("the panel to hear of it", () => panel.isOver);
    await world.nothingIsLeft();
  });

  it("gives a client of Cumulocity the terminal's bytes alone", async () => {
    const { client, panel } = await opens({ subprotocols: ["binary"] });
    (await shell(panel)).write("$ ");
    await client.receives("$ ");
    expect(client.texts).toEqual([]);
  });

  it("takes what is typed before the shell is open", async () => {
    const { panel } = await opens({ before: (client) => client.send("early\r") });
    await shell(panel);
    await until("typed", () => panel.typed === "early\r");
  });

  it("opens the terminal with the size that came first, and follows it", async () => {
    const resize = (columns: number, rows: number) => writeSessionMessage({ type: "resize", columns, rows });
    const { client, panel } = await opens({ before: (early) => early.websocket.send(resize(132, 43)) });
    await shell(panel);
    await settle();
    client.websocket.send(resize(100, 30));
    client.websocket.send(resize(100, 30));
    await until("the new size", () => panel.sizes.length === 2);
    await settle();
    expect(panel.sizes).toEqual([
      { columns: 132, rows: 43 },
      { columns: 100, rows: 30 },
    ]);
  });

  it.each([1, 7, 64])("works with the panel's bytes in pieces of %i", async (pieceBytes) => {
    const { client, panel } = await opens({ pieceBytes });
    (await shell(panel)).write("ok");
    await client.receives("ok");
  });

  it("shows the panel's banner in front, without its control characters", async () => {
    const { client, panel } = await opens({ config: { banner: "Keep out!\u001b[2J\nReally." } });
    (await shell(panel)).write("$ ");
    await client.receives("Keep out![2J\r\nReally.\r\n$ ");
  });

  it.each([
    [0, "The shell ended with exit status 0."],
    [7, "The shell ended with exit status 7."],
  ])("says the exit status %i at the end", async (status, text) => {
    const { client, panel, gateway } = await opens();
    const server = await shell(panel);
    server.write("bye");
    server.exit(status);
    server.end();
    expect(await client.closed).toEqual({ code: 1000, reason: "panel.closed" });
    expect(client.received.toString()).toBe("bye");
    expect(says1(client, "closed")).toEqual({ type: "closed", reason: "panel.closed", text });
    await gateway.closed;
    await world.nothingIsLeft();
  });

  it("says the signal that ended the shell", async () => {
    const { client, panel } = await opens();
    const server = await shell(panel);
    server.exit("TERM", false, "");
    server.end();
    await client.closed;
    expect(says1(client, "closed")?.text).toBe("The shell was ended by the signal SIGTERM.");
  });
});

describe("an SSH session from outside", () => {
  it.each(["permission.revoked", "endpoint.removed", "session.ended-by-admin"] as const)(
    "ends at both ends with %s, and the panel hears goodbye",
    async (reason) => {
      const { client, gateway, panel } = await opens();
      await shell(panel);
      world.remoteAccess.endSessions({ userName: "eve" }, reason);
      expect((await client.closed).reason).toBe(reason);
      expect((await gateway.closed).reason).toBe(reason);
      await until("the panel to hear of it", () => panel.isOver);
      await world.nothingIsLeft();
    },
  );
});

describe("the sign-in of an SSH session", () => {
  it("ends with auth.failed when the password is wrong, and does not show it", async () => {
    const { client, panel } = await opens({ fields: { ...known, password: "wrong-pw-canary" } });
    expect(await client.closed).toEqual({ code: 4060, reason: "auth.failed" });
    expect(says1(client, "closed")?.text).toBe(
      "The panel did not accept the user name and password; it takes password.",
    );
    expect(panel.attempts.filter(({ method }) => method === "password")).toHaveLength(1);
    const { records } = await world.audit.list({ skip: 0, take: 100 });
    expect(JSON.stringify([records, world.logLines, client.texts])).not.toContain("wrong-pw-canary");
    await world.nothingIsLeft();
  });

  it("tells a client of Cumulocity in its terminal", async () => {
    const { client } = await opens({ fields: { ...known, password: "wrong" }, subprotocols: ["binary"] });
    expect(await client.closed).toEqual({ code: 4060, reason: "auth.failed" });
    expect(client.received.toString()).toBe(
      "\r\nPostern: The panel did not accept the user name and password; it takes password.\r\n",
    );
  });

  it("says what the panel takes where it takes no password", async () => {
    const { client } = await opens({ judge: (context) => context.reject(["publickey", "hostbased"]) });
    expect(await client.closed).toEqual({ code: 4061, reason: "auth.required" });
    expect(says1(client, "closed")?.text).toBe(
      "The panel does not take a password for signing in; it takes publickey, hostbased.",
    );
  });

  it.each(["ed25519", "ecdsa", "rsa"] as const)("signs in with an %s key", async (kind) => {
    const pair =
      kind === "ed25519"
        ? ed25519Pair()
        : utils.generateKeyPairSync(kind as "rsa", { bits: (kind === "rsa" ? 2048 : 256) as 2048 });
    const expected = publicLine(pair.private);
    const judge = (context: AuthContext) => {
      if (context.method !== "publickey") return context.reject(["publickey"]);
      const isOwn = `${context.key.algo} ${context.key.data.toString("base64")}` === expected;
      const key = utils.parseKey(expected);
      if (key instanceof Error) throw key;
      const { blob, signature, hashAlgo } = context;
      if (!isOwn) return context.reject();
      if (signature !== undefined && blob !== undefined && !key.verify(blob, signature, hashAlgo))
        return context.reject();
      return context.accept();
    };
    const fields = { ...known, credentialsType: "KEY_PAIR", privateKey: pair.private, password: undefined };
    const { panel } = await opens({ fields, judge });
    await shell(panel);
    expect(panel.attempts.at(-1)).toMatchObject({ method: "publickey", username: "root", signature: true });
  });

  it("gives the stored password to a panel that only asks questions", async () => {
    const answers: string[][] = [];
    const { panel } = await opens({
      judge: (context) => {
        if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
        context.prompt([{ prompt: "Password: ", echo: false }], (given) => {
          answers.push(given);
          context.accept();
        });
      },
    });
    await shell(panel);
    expect(answers).toEqual([["hunter22"]]);
  });

  it("asks the person for what is not stored, and waits longer than for the panel", async () => {
    const answers: string[][] = [];
    const { client, panel } = await opens({
      judge: (context) => {
        if (context.method === "password") return context.reject(["keyboard-interactive"], true);
        if (context.method !== "keyboard-interactive") return context.reject(["password"]);
        context.prompt([{ prompt: "Verification code: ", echo: true }], "Two steps", "Look at your phone", (given) => {
          answers.push(given);
          context.accept();
        });
      },
    });
    const prompt = await until("a prompt", () => says1(client, "prompt"));
    expect(prompt).toEqual({
      type: "prompt",
      id: 1,
      title: "Two steps",
      instruction: "Look at your phone",
      prompts: [{ text: "Verification code:", echo: true }],
    });
    await world.clock.advance(60_000);
    client.websocket.send(writeSessionMessage({ type: "answer", id: 99, answers: ["late"] }));
    client.websocket.send(writeSessionMessage({ type: "answer", id: prompt.id, answers: ["123456"] }));
    await shell(panel);
    expect(answers).toEqual([["123456"]]);
    const { records } = await world.audit.list({ skip: 0, take: 100 });
    expect(JSON.stringify([records, world.logLines])).not.toContain("123456");
  });

  it("ends when nobody answers", async () => {
    const { client } = await opens({
      judge: (context) => {
        if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
        context.prompt([{ prompt: "Code: ", echo: true }], () => {});
      },
    });
    await until("a prompt", () => says1(client, "prompt"));
    await world.clock.advance(111_000);
    expect(await client.closed).toEqual({ code: 4061, reason: "auth.required" });
    expect(says1(client, "closed")?.text).toBe("The panel's questions for signing in were not answered in time.");
  });

  it("cannot ask through a client of Cumulocity", async () => {
    const { client } = await opens({
      subprotocols: ["binary"],
      judge: (context) => {
        if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
        context.prompt([{ prompt: "Code: ", echo: true }], () => {});
      },
    });
    expect(await client.closed).toEqual({ code: 4061, reason: "auth.required" });
  });

  it("refuses a panel that asks too many questions", async () => {
    const { client } = await opens({
      judge: (context) => {
        if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
        context.prompt(
          Array.from({ length: 9 }, () => ({ prompt: "x", echo: true })),
          () => {},
        );
      },
    });
    expect(await client.closed).toEqual({ code: 4052, reason: "protocol.too-large" });
  });

  it("says that the answers were wrong, where a person was asked", async () => {
    const { client } = await opens({
      judge: (context) => {
        if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
        context.prompt([{ prompt: "Code: ", echo: true }], () => context.reject(["keyboard-interactive"]));
      },
    });
    const prompt = await until("a prompt", () => says1(client, "prompt"));
    client.websocket.send(writeSessionMessage({ type: "answer", id: prompt.id, answers: ["000000"] }));
    expect(await client.closed).toEqual({ code: 4060, reason: "auth.failed" });
    expect(says1(client, "closed")?.text).toBe("The panel did not accept the answers; it takes keyboard-interactive.");
  });

  it("asks for a password where a key was only the first half", async () => {
    const pair = ed25519Pair();
    const passwords: string[] = [];
    const { client, panel } = await opens({
      fields: { ...known, credentialsType: "KEY_PAIR", privateKey: pair.private, password: undefined },
      judge: (context) => {
        if (context.method === "publickey")
          return context.signature === undefined ? context.accept() : context.reject(["password"], true);
        if (context.method !== "password") return context.reject(["publickey"]);
        passwords.push(context.password);
        context.accept();
      },
    });
    const prompt = await until("a prompt", () => says1(client, "prompt"));
    expect(prompt.prompts).toEqual([{ text: "Password of root:", echo: false }]);
    client.websocket.send(writeSessionMessage({ type: "answer", id: prompt.id, answers: ["second"] }));
    await shell(panel);
    expect(passwords).toEqual(["second"]);
  });
});

describe("the host key of an SSH panel", () => {
  const isStored = async (endpoint: { deviceId: string; id: string }) =>
    (await world.remoteAccess.endpoints.get(endpoint.deviceId, endpoint.id))?.hostKey;

  it("is asked about when it is new, kept after the person's yes, and not asked about again", async () => {
    const { client, panel, endpoint } = await opens({ fields: {} });
    const asked = await until("the question", () => says1(client, "host-key"));
    expect(asked).toEqual({ type: "host-key", fingerprint: fingerprintOf(hostKeys.ed25519), algorithm: "ssh-ed25519" });
    await settle();
    expect(panel.attempts).toEqual([]);
    expect(await isStored(endpoint)).toBeNull();
    await world.clock.advance(60_000);
    client.websocket.send(writeSessionMessage({ type: "accept-host-key", fingerprint: asked.fingerprint }));
    await shell(panel);
    expect(await isStored(endpoint)).toBe(publicLine(hostKeys.ed25519));
    const { records } = await world.audit.list({ skip: 0, take: 100 });
    const record = records.find(({ activity }) => activity === "Remote access host key stored");
    expect(record).toMatchObject({ userName: "eve" });
    expect(record?.text).toContain(asked.fingerprint);
    client.websocket.close(1000);
    await world.nothingIsLeft();
  });

  it("ends with hostkey.unknown when nobody confirms it, and is not kept", async () => {
    const { client, panel, endpoint } = await opens({ fields: {} });
    await until("the question", () => says1(client, "host-key"));
    await world.clock.advance(111_000);
    expect(await client.closed).toEqual({ code: 4062, reason: "hostkey.unknown" });
    expect(panel.attempts).toEqual([]);
    expect(await isStored(endpoint)).toBeNull();
  });

  it("is not confirmed by another fingerprint", async () => {
    const { client } = await opens({ fields: {} });
    await until("the question", () => says1(client, "host-key"));
    client.websocket.send(writeSessionMessage({ type: "accept-host-key", fingerprint: "SHA256:other" }));
    expect(await client.closed).toEqual({ code: 4062, reason: "hostkey.unknown" });
  });

  it("cannot be confirmed by a client of Cumulocity", async () => {
    const { client, panel } = await opens({ fields: {}, subprotocols: ["binary"] });
    expect(await client.closed).toEqual({ code: 4062, reason: "hostkey.unknown" });
    expect(client.received.toString()).toContain(fingerprintOf(hostKeys.ed25519));
    expect(panel.attempts).toEqual([]);
  });

  it("is kept without a question where the tenant wants it so, once the panel took the sign-in", async () => {
    world.tenantOptions.set("remoteaccess/hostkey-autosave", "true");
    const failed = await opens({ fields: { password: "wrong" }, subprotocols: ["binary"] });
    expect((await failed.client.closed).reason).toBe("auth.failed");
    expect(await isStored(failed.endpoint)).toBeNull();
    const { client, panel, endpoint } = await opens({ fields: {}, subprotocols: ["binary"] });
    await shell(panel);
    await settle();
    expect(await isStored(endpoint)).toBe(publicLine(hostKeys.ed25519));
    expect(client.texts).toEqual([]);
  });

  it("refuses a changed one with both fingerprints, before any password", async () => {
    const { client, panel } = await opens({ fields: { hostKey: publicLine(hostKeys.otherEd25519) } });
    expect(await client.closed).toEqual({ code: 4063, reason: "hostkey.mismatch" });
    const text = says1(client, "closed")?.text;
    expect(text).toContain(fingerprintOf(hostKeys.ed25519));
    expect(text).toContain(fingerprintOf(hostKeys.otherEd25519));
    expect(says1(client, "host-key")).toBeUndefined();
    expect(panel.attempts).toEqual([]);
  });

  it("is asked of the panel in the kind that is known, though the panel has others", async () => {
    const config = { hostKeys: [hostKeys.ed25519, hostKeys.ecdsa, hostKeys.rsa] };
    const { panel } = await opens({ fields: { hostKey: publicLine(hostKeys.rsa) }, config });
    await shell(panel);
  });

  it("may be any of several known ones, in the form of a known_hosts file", async () => {
    const lines = [hostKeys.otherEd25519, hostKeys.ecdsa, hostKeys.ed25519].map(publicLine);
    const hostKey = lines.map((line) => `[192.168.10.11]:22 ${line}\r\n`).join("");
    const { panel } = await opens({ fields: { hostKey } });
    await shell(panel);
  });
});

describe("an SSH panel that is none, or an old one", () => {
  async function fakes(says: string, subprotocols = channel) {
    const endpoint = await world.addsEndpoint({ ...sshEndpoint, ...known });
    const client = world.client(endpoint, { subprotocols });
    await client.opened;
    const gateway = world.gateway(await world.connectionKey());
    await gateway.opened;
    await world.reports("EXECUTING");
    await world.reports("SUCCESSFUL");
    if (says !== "") gateway.send(says);
    return { client, gateway };
  }

  it.each([
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n", "protocol.malformed", "it began with an HTTP answer"],
    ["VNC", "RFB 003.008\n", "protocol.malformed", "it began with a VNC greeting"],
    ["Telnet", "\xff\xfd\x18", "protocol.malformed", "it began with a Telnet negotiation"],
    ["SSH 1", "SSH-1.5-OpenSSH_3.0\r\n", "protocol.unsupported", "an SSH version that is too old: SSH-1.5-OpenSSH_3.0"],
    ["a line without end", `SSH-2.0-${"x".repeat(300)}`, "protocol.malformed", "The panel does not speak SSH"],
    ["endless lines", "x\n".repeat(5000), "protocol.malformed", 'it began with the text "x x x x x x ".'],
    [
      "garbage behind the greeting",
      "SSH-2.0-x\r\ngarbage garbage garbage garbage garbage",
      "protocol.malformed",
      "The panel broke the SSH protocol",
    ],
  ])("%s: what is said", async (_what, greeting, reason, text) => {
    const { client } = await fakes(greeting);
    expect((await client.closed).reason).toBe(reason);
    expect(says1(client, "closed")?.text).toContain(text);
    await world.nothingIsLeft();
  });

  it("a silent one ends with panel.timeout", async () => {
    const { client } = await fakes("");
    await world.clock.advance(16_000);
    expect((await client.closed).reason).toBe("panel.timeout");
    expect(says1(client, "closed")?.text).toContain("sent no SSH greeting within 15 s");
  });

  it("one that stops in the handshake ends with panel.timeout", async () => {
    const { client } = await fakes("SSH-2.0-slow\r\n");
    await world.clock.advance(16_000);
    expect((await client.closed).reason).toBe("panel.timeout");
    expect(says1(client, "closed")?.text).toBe("The panel did not finish the SSH handshake in time.");
  });

  it("one that closes in the handshake says so", async () => {
    const { client, gateway } = await fakes("SSH-2.0-hasty\r\n");
    await settle();
    gateway.websocket.close(1000, "panel.closed");
    expect((await client.closed).reason).toBe("panel.closed");
    expect(says1(client, "closed")?.text).toBe("The panel closed the connection in the middle of the SSH handshake.");
  });

  it("one with old algorithms only is refused with what it offers", async () => {
    const config = { algorithms: { kex: ["diffie-hellman-group14-sha1" as const] } };
    const { client } = await opens({ config });
    expect((await client.closed).reason).toBe("protocol.unsupported");
    expect(says1(client, "closed")?.text).toMatch(
      /^The panel has no key exchange that is accepted here; it offers diffie-hellman-group14-sha1.* Old algorithms are refused unless the endpoint allows them\.$/,
    );
  });

  it("one with old algorithms only is taken where the endpoint allows them", async () => {
    const config = {
      hostKeys: [hostKeys.rsa],
      algorithms: {
        kex: ["diffie-hellman-group14-sha1" as const],
        serverHostKey: ["ssh-rsa" as const],
        cipher: ["aes128-cbc" as const],
        hmac: ["hmac-sha1" as const],
      },
    };
    const fields = { hostKey: publicLine(hostKeys.rsa), attrs: { legacyAlgorithms: true } };
    const { panel } = await opens({ fields, config });
    await shell(panel);
  });

  it("one that in mid-session breaks the protocol is malformed", async () => {
    const { client, gateway, panel } = await opens();
    await shell(panel);
    gateway.send(Buffer.alloc(200, 7));
    expect((await client.closed).reason).toBe("protocol.malformed");
    await world.nothingIsLeft();
  });

  it("one that gives no terminal is unsupported", async () => {
    const { client } = await opens({ refusesTerminal: true });
    expect((await client.closed).reason).toBe("protocol.unsupported");
  });
});

describe("the queues of an SSH session", () => {
  const heldMax = () => Math.max(0, ...world.remoteAccess.heldBytes());

  it("stay below 1 MiB while a panel floods a client that takes nothing, and lose nothing", async () => {
    const clientWire = makeWire();
    const { client, panel } = await opens({ clientWire });
    const server = await shell(panel);
    await settle();
    clientWire.near.pause();
    clientWire.far.isStalled = true;
    const flood = Buffer.alloc(4 * 1024 * 1024, "y\n");
    let isWritten = false;
    server.write(flood, () => {
      isWritten = true;
    });
    let held = 0;
    for (let round = 0; round < 50; round++) {
      await settle(10);
      held = Math.max(held, heldMax());
    }
    expect(isWritten).toBe(false);
    expect(held).toBeGreaterThan(100 * 1024);
    expect(held).toBeLessThan(1024 * 1024);
    clientWire.far.isStalled = false;
    clientWire.far.goOn();
    clientWire.near.resume();
    clientWire.near.other?.goOn();
    await until("all of it", () => client.receivedBytes === flood.length);
    expect(client.received.equals(flood)).toBe(true);
  });

  it("stay below 1 MiB while a client floods a shell that reads nothing, and lose nothing", async () => {
    const { client, panel } = await opens();
    const server = await shell(panel);
    await settle();
    server.pause();
    const piece = Buffer.alloc(64 * 1024, "k");
    const total = 100 * piece.length;
    for (let sent = 0; sent < total; sent += piece.length) client.send(piece);
    let held = 0;
    for (let round = 0; round < 100; round++) {
      await settle(10);
      held = Math.max(held, heldMax());
    }
    expect(held).toBeGreaterThan(16 * 1024);
    expect(held).toBeLessThan(1024 * 1024);
    server.resume();
    await until("all of it", () => panel.typed.length === total);
  });

  it("stay below 1 MiB while a panel that reads nothing asks without end", async () => {
    const { gateway, panel } = await opens();
    await shell(panel);
    gateway.wire.far.isStalled = true;
    // A keep-alive that wants an answer, as sshd sends it; ssh2's own words for it are not in its types.
    const { _protocol: protocol } = panel.connection as unknown as { _protocol: { ping(): void } };
    let held = 0;
    for (let round = 0; round < 100; round++) {
      for (let count = 0; count < 500; count++) protocol.ping();
      await settle(10);
      held = Math.max(held, heldMax());
    }
    expect(held).toBeGreaterThan(100 * 1024);
    expect(held).toBeLessThan(1024 * 1024);
  });
});

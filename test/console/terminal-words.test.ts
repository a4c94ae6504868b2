// The pure parts of terminal, forms and commands in the console.
import { describe, expect, it } from "vitest";
import { auditQuery, noFilter } from "#cloud-stub/console/src/audit/audit-filter.ts";
import { connectionAfter, startState } from "#cloud-stub/console/src/connect/connection-state.ts";
import { questionIn } from "#cloud-stub/console/src/connect/panel-question.ts";
import { stepWordsOf } from "#cloud-stub/console/src/connect/step-words.ts";
import { terminalSize } from "#cloud-stub/console/src/connect/terminal-size.ts";
import { bytesOf, frameBytesMax, pasteable, TypedText } from "#cloud-stub/console/src/connect/typed-text.ts";
import { fileName } from "#cloud-stub/console/src/frame/file-name.ts";
import { bodyOf, draftOf, withPrivateKey, withProtocol } from "#cloud-stub/console/src/remote-access/endpoint-draft.ts";
import type { Endpoint } from "#cloud-stub/console/src/remote-access/endpoint-shape.ts";
import { readSaveErrors } from "#cloud-stub/console/src/remote-access/field-errors.ts";
import { keyFileBytesMax, keyText, readKeyFile } from "#cloud-stub/console/src/remote-access/key-file.ts";
import { missingForRemoteAccess } from "#cloud-stub/console/src/remote-access/missing.ts";
import { nativeCommands } from "#cloud-stub/console/src/remote-access/native-command.ts";

const text = (pieces: readonly Uint8Array[]) => Buffer.concat(pieces).toString("utf8");

describe("what is typed", () => {
  it("becomes UTF-8", () => {
    expect(text(new TypedText().encode("é€😀"))).toBe("é€😀");
  });

  it("waits for the other half of a character that comes in two events, whatever is typed around it", () => {
    const whole = "a😀b😀";
    for (let at = 0; at <= whole.length; at++) {
      const typed = new TypedText();
      const pieces = [...typed.encode(whole.slice(0, at)), ...typed.encode(whole.slice(at))];
      expect(text(pieces)).toBe(whole);
    }
  });

  it("goes in frames of a limited size", () => {
    const pieces = new TypedText().encode("x".repeat(frameBytesMax * 2 + 1));
    expect(pieces.map(({ length }) => length)).toEqual([frameBytesMax, frameBytesMax, 1]);
    expect(new TypedText().encode("")).toEqual([]);
  });

  it("is one byte for each character in old mouse reports", () => {
    expect([...bytesOf("\u001b[M \u00ff")]).toEqual([0x1b, 0x5b, 0x4d, 0x20, 0xff]);
  });

  it("loses its control characters when it is pasted, but for tabs and line ends", () => {
    expect(pasteable("a\tb\r\nc\u001b[201~\u0003\u009bd\u007f")).toBe("a\tb\r\nc[201~d");
  });
});

describe("the terminal's size", () => {
  it.each([
    [undefined, { columns: 80, rows: 24 }],
    [
      { cols: Number.NaN, rows: Number.POSITIVE_INFINITY },
      { columns: 80, rows: 24 },
    ],
    [
      { cols: 0, rows: 1 },
      { columns: 80, rows: 1 },
    ],
    [
      { cols: 120.7, rows: 40.2 },
      { columns: 120, rows: 40 },
    ],
    [
      { cols: 5000, rows: 2000 },
      { columns: 1000, rows: 1000 },
    ],
  ])("of %o is %o", (proposed, size) => {
    expect(terminalSize(proposed)).toEqual(size);
  });
});

describe("a terminal's connection", () => {
  it("is connected as soon as the cloud says open, before the panel has said anything", () => {
    const state = connectionAfter(startState, { type: "terminal.connected" });
    expect(state.step).toBe("connected");
  });

  it("says so when more came than a browser can draw, and the end of the bytes does not hide it", () => {
    let state = connectionAfter(startState, { type: "terminal.connected" });
    state = connectionAfter(state, { type: "terminal.flooded" });
    state = connectionAfter(state, { type: "cloud.closed", reason: "client.closed", text: "x" });
    expect(state).toMatchObject({ step: "disconnected", reached: "connected" });
    expect(state.ending?.text).toMatch(/more text than this browser can draw/);
  });

  it("names its own handshake", () => {
    expect(["VNC", "SSH", "TELNET", undefined].map((protocol) => stepWordsOf("handshaking", protocol))).toEqual([
      "starting VNC handshake",
      "starting SSH handshake",
      "starting Telnet session",
      "starting VNC handshake",
    ]);
    expect(stepWordsOf("connected", "SSH")).toBe("connected");
  });

  it("hands the cloud's questions on", () => {
    expect(questionIn({ type: "host-key", fingerprint: "SHA256:a", algorithm: "ssh-ed25519" })).toEqual({
      kind: "host-key",
      fingerprint: "SHA256:a",
      algorithm: "ssh-ed25519",
    });
    const prompts = [{ text: "Code:", echo: false }];
    expect(questionIn({ type: "prompt", id: 3, title: "", instruction: "", prompts })).toEqual({
      kind: "prompt",
      id: 3,
      title: "",
      instruction: "",
      prompts,
    });
  });
});

const ssh: Endpoint = {
  id: "4",
  name: "PLC",
  hostname: "10.0.0.9",
  port: 22,
  protocol: "SSH",
  credentials: {
    type: "KEY_PAIR",
    username: "root",
    privateKey: "***",
    publicKey: "ssh-ed25519 AAAA",
    hostKey: "ssh-ed25519 BBBB",
  },
  attrs: { legacyAlgorithms: true, theirs: 1 },
};
const protocols = [
  { protocol: "VNC", text: "VNC", defaultPort: "5900" },
  { protocol: "SSH", text: "SSH", defaultPort: "22" },
] as const;

describe("the form of an endpoint", () => {
  it("begins with this machine and the protocol's own port, which follow a change of protocol until the person types", () => {
    const draft = draftOf(undefined, protocols);
    expect(draft).toMatchObject({ hostname: "127.0.0.1", port: "5900", credentialsType: "NONE" });
    expect(withProtocol(draft, "SSH", protocols)).toEqual({
      protocol: "SSH",
      port: "22",
      credentialsType: "USER_PASS",
      hostKey: "",
    });
    expect(withProtocol({ ...draft, port: "5901" }, "SSH", protocols)).not.toHaveProperty("port");
  });

  it("sends nothing for what is stored and was not touched, and keeps other programs' attributes", () => {
    expect(bodyOf(draftOf(ssh, protocols), ssh)).toEqual({
      id: "4",
      attrs: { legacyAlgorithms: true, theirs: 1 },
      name: "PLC",
      hostname: "10.0.0.9",
      port: "22",
      protocol: "SSH",
      credentialsType: "KEY_PAIR",
      username: "root",
      password: null,
      privateKey: null,
      publicKey: null,
      passphrase: null,
      certificate: null,
    });
  });

  it("takes the host key and the old algorithms away when the person does", () => {
    const body = bodyOf({ ...draftOf(ssh, protocols), hostKey: "", allowsLegacyAlgorithms: false }, ssh);
    expect(body).toMatchObject({ hostKey: null, attrs: { theirs: 1 } });
  });

  it("drops the stored public key when another private key is given, but not one that was typed", () => {
    const draft = draftOf(ssh, protocols);
    expect(withPrivateKey("new", ssh, draft)).toEqual({ privateKey: "new", publicKey: "" });
    expect(withPrivateKey("new", ssh, { ...draft, publicKey: "typed" })).toEqual({ privateKey: "new" });
  });

  it("says nothing of a host key that nobody touched: it may have been learnt meanwhile", () => {
    const vnc: Endpoint = { ...ssh, protocol: "VNC", credentials: { type: "PASS_ONLY", password: "***" } };
    expect(bodyOf(draftOf(vnc, protocols), vnc)).not.toHaveProperty("hostKey");
    expect(bodyOf({ ...draftOf(vnc, protocols), hostKey: "x" }, vnc)).toMatchObject({ hostKey: "x" });
    expect(bodyOf(draftOf(undefined, protocols), undefined)).toMatchObject({ hostKey: null });
  });

  it("has no secret of another way to sign in in what it sends", () => {
    const draft = { ...draftOf(undefined, protocols), protocol: "VNC", password: "p", privateKey: "k", hostKey: "h" };
    expect(bodyOf(draft, undefined)).toMatchObject({ password: null, privateKey: null, hostKey: null });
  });
});

describe("the cloud's words on keys", () => {
  it("go to their fields, however many sentences they are", () => {
    const message =
      "username must be provided in KEY_PAIR credentials; passphrase is needed or wrong: The key is encrypted: give its passphrase; hostKey cannot be used: There is no key; it is empty; certificate is a host's; a user's is needed here.";
    expect(readSaveErrors(message)).toEqual({
      fields: {
        username: "User must be provided.",
        passphrase: "Passphrase is needed or wrong: The key is encrypted: give its passphrase.",
        hostKey: "Host key cannot be used: There is no key; it is empty.",
        certificate: "Certificate is a host's; a user's is needed here.",
      },
    });
  });
});

describe("a key from a file", () => {
  const file = (content: string | Uint8Array<ArrayBuffer>, name = "id_rsa") =>
    Object.assign(new Blob([content]), { name });

  it("is refused in words when it cannot be a key", async () => {
    expect(await readKeyFile(file(new Uint8Array(10 * 1024 * 1024), "disk.img"))).toEqual({
      ok: false,
      problem: "“disk.img” is no key: it has 10.0 MiB, and a key has at most 64 KiB.",
    });
    expect(await readKeyFile(file(new Uint8Array(keyFileBytesMax + 1)))).toMatchObject({ ok: false });
    expect(await readKeyFile(file(""))).toEqual({ ok: false, problem: "“id_rsa” is empty." });
  });

  it("is read as text, with Windows' own encoding too", async () => {
    expect(await readKeyFile(file("-----BEGIN\r\n"))).toEqual({ ok: true, text: "-----BEGIN\r\n" });
    expect(keyText(new Uint8Array(Buffer.from("\ufeffkey", "utf16le")))).toBe("key");
  });

  it("is carried in base64 where its format is not text (SSH-1)", () => {
    const bytes = Buffer.concat([Buffer.from("SSH PRIVATE KEY FILE FORMAT 1.1\n\0"), Buffer.from([0, 255, 128])]);
    expect(Buffer.from(keyText(bytes), "base64")).toEqual(bytes);
  });
});

describe("commands for native clients", () => {
  const facts = { deviceId: "1001", origin: "https://cloud:8443", tenantId: "t1000", userName: "otto" };

  it("name everything that the command needs", () => {
    expect(nativeCommands({ id: "2", protocol: "VNC", port: 5900 }, facts)).toEqual({
      connect: "postern connect 1001 2 --url https://cloud:8443 --user t1000/otto",
    });
    expect(nativeCommands({ id: "3", protocol: "PASSTHROUGH", port: 22 }, facts)).toEqual({
      connect: "postern connect 1001 3 --url https://cloud:8443 --user t1000/otto",
      ssh: 'ssh -o ProxyCommand="postern connect --stdio 1001 3 --url https://cloud:8443 --user t1000/otto" user@postern-1001-3',
    });
    expect(nativeCommands({ id: "4", protocol: "SSH", port: 22 }, facts)).toBeUndefined();
  });

  it("quote a user's name that a shell would take apart", () => {
    const { connect } = nativeCommands(
      { id: "2", protocol: "VNC", port: 5900 },
      { ...facts, userName: "a b;reboot" },
    ) ?? { connect: "" };
    expect(connect).toContain("--user 't1000/a b;reboot'");
  });
});

describe("what is missing for remote access", () => {
  const all = { isAllowed: true, isSubscribed: true, isSupported: true };
  it.each([
    [all, undefined],
    [{ ...all, isAllowed: false }, /no permission/],
    [{ ...all, isSubscribed: false }, /subscription/],
    [{ ...all, isSupported: false }, /c8y_RemoteAccessConnect/],
  ])("%o", (needs, words) => {
    const missing = missingForRemoteAccess(needs);
    if (words === undefined) expect(missing).toBeUndefined();
    else expect(missing).toMatch(words);
  });
});

describe("the audit filter", () => {
  it("asks for whole days, both included, in the person's own time zone", () => {
    const query = auditQuery({ ...noFilter, type: "User", user: " otto ", from: "2026-11-24", to: "2026-11-24" }, "7");
    expect(Object.fromEntries(query)).toEqual({
      revert: "true",
      source: "7",
      type: "User",
      user: "otto",
      dateFrom: new Date(2026, 10, 24).toISOString(),
      dateTo: new Date(2026, 10, 25).toISOString(),
    });
    expect(`${auditQuery(noFilter, undefined)}`).toBe("revert=true");
  });
});

describe("a file's name", () => {
  it.each([
    ["Press 4", "Press-4.png"],
    ["../../etc/passwd", "etc-passwd.png"],
    ["", "postern.png"],
    ["日本", "postern.png"],
  ])("for %s is %s", (wanted, name) => {
    expect(fileName(wanted, ".png")).toBe(name);
  });
});

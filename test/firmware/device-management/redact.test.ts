// Twenty kinds of secrets, in every form in which they may stand in a text: none is left, and the words around them are.
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { knownSecrets } from "#firmware/device-management/provide-management.ts";
import { createRedactor } from "#firmware/device-management/redact.ts";
import { completeConfig } from "#firmware/gateway.ts";
import { findCanary } from "../../support/canary.ts";

const nothing = createRedactor(() => []);
const pem = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const [, keyLine = ""] = pem.split("\n");
const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJnYXRld2F5In0.c2lnbmF0dXJlLW9mLXRva2Vu";
const uuid = "3f0c8a2e-1111-4222-8333-abcdefabcdef";

/** What stands in a text, and what of it is the secret. */
const canaries: readonly [kind: string, text: string, secret: string][] = [
  ["a password in JSON", '{"event":"x","password":"C4nary-Pw, 1"}', "C4nary-Pw, 1"],
  ["a password in a configuration", 'password = "C4nary-Pw"', "C4nary-Pw"],
  ["a password in single quotes", "proxy_password = 'C4nary-Pw'", "C4nary-Pw"],
  ["a password with an escaped quote", '"password": "C4nary\\"Pw"', 'C4nary\\"Pw'],
  ["a password behind a colon", "passphrase: C4naryPw, then more", "C4naryPw"],
  ["a security token", "security_token = C4nary-T0ken", "C4nary-T0ken"],
  ["a one-time password", 'one_time_password: "C4nary-0tp"', "C4nary-0tp"],
  ["a connection key in JSON", `"connectionKey":"${uuid}"`, uuid],
  ["a connection key in a path", `GET /service/remoteaccess/device/${uuid} HTTP/1.1`, uuid],
  ["a connection key in a 530 line", `530,gw-1,192.168.10.11,5900,${uuid}`, uuid],
  ["credentials in a 70 line", "70,t1000,device_gw-1,C4nary-Pw", "C4nary-Pw"],
  ["a token in a 71 line", `71,${jwt}`, jwt],
  ["a token anywhere", `the cloud said ${jwt} once`, jwt],
  ["a bearer header", "Authorization: Bearer C4naryC4naryC4nary", "C4naryC4naryC4nary"],
  ["a basic header", "sent Basic dDEwMDA6QzRuYXJ5LVB3 to it", "dDEwMDA6QzRuYXJ5LVB3"],
  ["a cookie", "cookie: authorization=C4nary-C00kie", "authorization=C4nary-C00kie"],
  ["a token in a query", "/ws?token=C4nary-T0ken&x=1", "C4nary-T0ken"],
  ["a user and password in an address", "https://gw:C4nary-Pw@cloud.example/x", "gw:C4nary-Pw"],
  ["a private key", `before\n${pem}after`, keyLine],
  ["a private key in JSON", JSON.stringify({ key: pem }), keyLine],
  ["a secret by its name", "secret=C4nary", "C4nary"],
];

describe("what leaves the gateway", () => {
  it("is tried with at least twenty kinds", () => {
    expect(canaries.length).toBeGreaterThanOrEqual(20);
  });

  it.each(canaries)("has no %s", (_, text, secret) => {
    expect(text).toContain(secret);
    expect(nothing(text)).not.toContain(secret);
    expect(nothing(text)).toContain("***");
  });

  const config = completeConfig({
    cloud: {
      host: "cloud.example",
      httpsPort: 443,
      mqttHost: "cloud.example",
      mqttPort: 8883,
      url: "https://cloud.example",
      proxy: { host: "proxy", port: 3128, isTls: false, user: "gw", password: "pr0xy pässword" },
    },
    registration: { method: "bootstrap", user: "m/d", password: "b00tstrap-pw", securityToken: "s3curity" },
  });
  const identity = { kind: "password", tenant: "t1", user: "device_gw", password: "dev1ce+pw/=" } as const;
  const redact = createRedactor(() => knownSecrets(config, identity));

  it.each(["pr0xy pässword", "b00tstrap-pw", "s3curity", "dev1ce+pw/="])(
    "has nothing of the gateway's own %s",
    (secret) => {
      const bytes = Buffer.from(secret);
      const forms = [
        secret,
        JSON.stringify(secret).slice(1, -1),
        encodeURIComponent(secret),
        bytes.toString("base64"),
        bytes.toString("base64url"),
        bytes.toString("hex"),
      ];
      for (const form of forms) expect(redact(`it is ${form}, I think`)).toBe("it is ***, I think");
      for (const before of ["", "u", "us", "usr"]) {
        const whole = Buffer.from(`${before}${secret}:and more`).toString("base64");
        expect(findCanary("a text", redact(`it is ${whole}`), secret)).toEqual([]);
      }
    },
  );

  it("has no line of the gateway's own key", () => {
    const secrets = createRedactor(() => [pem]);
    for (const line of pem.split("\n").filter((each) => each !== "" && !each.startsWith("-"))) {
      expect(secrets(`a ${line} b`)).toBe("a *** b");
    }
  });

  it.each([
    '{"time":"2026-01-31T10:15:30.000Z","level":"info","event":"tunnel.opened","operation":"4711","target":"192.168.10.11:5900"}',
    '{"event":"connectivity.offline","reason":"mqtt.login-refused","advice":"the cloud refuses this gateway\'s credentials"}',
    'password_file = "proxy.password"',
    'url = "https://cloud.example:8443"',
    "the key to it is patience, and no password was asked for",
    "570 events, 71 of them new",
  ])("has all the rest: %s", (line) => {
    expect(redact(line)).toBe(line);
  });
});

// The hops before any connection: state, who the gateway is, clock, and whether any uplink is up.
import type { Hardware } from "#hardware/ports.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import type { MqttLogin } from "../connectivity/mqtt-connection.ts";
import { isClockWrong, newestTimeFile } from "../connectivity/time-floor.ts";
import { codeOf, messageOf } from "../errors.ts";
import { isoTime } from "../log.ts";
import { loadCredentials } from "../registration/credentials.ts";
import { judgeCertificate } from "../registration/device-certificate.ts";
import { loadEnrolment } from "../registration/enrolment-state.ts";
import { probeStorage } from "../storage-probe.ts";
import { builtAtMs } from "../version.ts";
import type { FindingCode, HopResult } from "./findings.ts";

/** As whom the gateway would log in; undefined where it has nothing yet to log in with. */
export interface Account {
  readonly login: MqttLogin;
  readonly kind: "bootstrap" | "password" | "certificate";
  /** For people; no secret. */
  readonly what: string;
}

const yearMs = 365 * 86_400_000;
/** Further ahead of the build than any certificate of a cloud is good. */
const aheadMaxMs = 15 * yearMs;

const stateCodes: Readonly<Record<string, FindingCode>> = {
  EROFS: "state.read-only",
  ENOSPC: "state.full",
  EDQUOT: "state.full",
  EACCES: "state.not-permitted",
  EPERM: "state.not-permitted",
};

export async function examineState({ storage }: Pick<Hardware, "storage">, stateDir: string): Promise<HopResult> {
  const hop = { hop: "state", subject: stateDir } as const;
  let code: string | undefined;
  const watched = {
    ...storage,
    read: (name: string) => storage.read(name),
    remove: (name: string) => storage.remove(name),
    list: () => storage.list(),
    write: async (name: string, contents: Uint8Array) => {
      try {
        await storage.write(name, contents);
      } catch (error) {
        code = codeOf(error);
        throw error;
      }
    },
  };
  const problem = await probeStorage(watched);
  if (problem === undefined) return { ...hop, outcome: "ok" };
  return { ...hop, outcome: "fail", code: stateCodes[code ?? ""] ?? "state.failed", detail: problem };
}

export interface IdentityFound {
  readonly results: readonly HopResult[];
  readonly account: Account | undefined;
}

export async function examineIdentity(hardware: Hardware, config: GatewayConfig): Promise<IdentityFound> {
  const { registration, device } = config;
  const id = device.id ?? hardware.identity.serialNumber;
  try {
    switch (registration.method) {
      case "bootstrap":
        return await passwordIdentity(hardware, id, registration);
      case "certificate":
        return certificateIdentity(hardware, id, { ...registration.certificate, from: "[registration] certificate" });
      case "enrolment":
        return await enrolledIdentity(hardware, id, registration.keyAlgorithm);
      default:
        return registration satisfies never;
    }
  } catch (error) {
    const detail = `what is stored cannot be read: ${messageOf(error)}`;
    return { results: [{ ...hopOf(id), outcome: "fail", code: "identity.damaged", detail }], account: undefined };
  }
}

async function passwordIdentity(
  { storage }: Hardware,
  id: string,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<IdentityFound> {
  const stored = await loadCredentials(storage);
  const bootstrap: Account = {
    login: { clientId: id, user, password },
    kind: "bootstrap",
    what: `the bootstrap account ${user}`,
  };
  if (stored.kind === "found") {
    const name = `${stored.credentials.tenant}/${stored.credentials.user}`;
    const login = { clientId: id, user: name, password: stored.credentials.password };
    const account: Account = { login, kind: "password", what: `the login issued to ${name}` };
    return { results: [{ ...hopOf(id), outcome: "ok", detail: account.what }], account };
  }
  if (stored.kind === "damaged") {
    const result = { ...hopOf(id), outcome: "fail", code: "identity.damaged", detail: stored.what } as const;
    return { results: [result], account: bootstrap };
  }
  const detail = "not registered yet: the cloud has issued no login";
  return { results: [{ ...hopOf(id), outcome: "note", code: "identity.not-registered", detail }], account: bootstrap };
}

async function enrolledIdentity(
  { storage, clock }: Hardware,
  id: string,
  keyAlgorithm: "ec-p256" | "rsa-2048" | "rsa-3072",
): Promise<IdentityFound> {
  const state = await loadEnrolment(storage, { deviceId: id, keyAlgorithm }, clock.nowMs());
  if (state.kind === "enrolled") {
    const login = { clientId: id, clientCertificate: state.identity.certificate };
    const until = `its certificate is good until ${isoTime(state.identity.notAfterMs)}`;
    const account: Account = { login, kind: "certificate", what: "the enrolled certificate" };
    return { results: [{ ...hopOf(id), outcome: "ok", detail: until }], account };
  }
  const [problem] = state.problems;
  if (problem === undefined) {
    const detail = "not enrolled yet: it has no certificate";
    return {
      results: [{ ...hopOf(id), outcome: "note", code: "identity.not-registered", detail }],
      account: undefined,
    };
  }
  const code = problem.includes("ended on") ? "identity.expired" : "identity.damaged";
  return { results: [{ ...hopOf(id), outcome: "fail", code, detail: problem }], account: undefined };
}

function certificateIdentity(
  { clock }: Hardware,
  id: string,
  certificate: { readonly chain: string; readonly privateKey: string; readonly from: string },
): IdentityFound {
  const verdict = judgeCertificate(certificate, id);
  const login = { clientId: id, clientCertificate: certificate };
  const account: Account = { login, kind: "certificate", what: `the certificate of ${certificate.from}` };
  const fail = (code: FindingCode, detail: string): IdentityFound => {
    return { results: [{ ...hopOf(id), outcome: "fail", code, detail }], account };
  };
  if (!verdict.ok) return fail("identity.other-device", verdict.what);
  const nowMs = clock.nowMs();
  if (verdict.notAfterMs <= nowMs) return fail("identity.expired", `it ended on ${isoTime(verdict.notAfterMs)}`);
  if (verdict.notBeforeMs > nowMs) {
    return fail("identity.not-yet-valid", `it begins on ${isoTime(verdict.notBeforeMs)}`);
  }
  const detail = `its certificate is good until ${isoTime(verdict.notAfterMs)}`;
  return { results: [{ ...hopOf(id), outcome: "ok", detail }], account };
}

function hopOf(id: string) {
  return { hop: "identity", subject: `device ${id}` } as const;
}

export async function examineClock({ clock, storage, timeService }: Hardware): Promise<HopResult> {
  const nowMs = clock.nowMs();
  const hop = { hop: "clock", subject: isoTime(nowMs) } as const;
  const newestMs = await readNewest(storage);
  if (isClockWrong(nowMs, { newestMs })) {
    return {
      ...hop,
      outcome: "fail",
      code: "clock.wrong",
      detail: `it has been ${isoTime(Math.max(newestMs, builtAtMs))}`,
    };
  }
  if (nowMs > builtAtMs + aheadMaxMs) return { ...hop, outcome: "fail", code: "clock.far-ahead" };
  if ((await timeService?.isSynchronised()) !== false) return { ...hop, outcome: "ok" };
  const detail = "the time service has not synchronised it yet";
  return { ...hop, outcome: "note", code: "clock.not-synchronised", detail };
}

async function readNewest(storage: Hardware["storage"]): Promise<number> {
  try {
    const contents = await storage.read(newestTimeFile);
    const text = contents === undefined ? "" : Buffer.from(contents).toString("utf8").trim();
    return /^\d{1,15}$/.test(text) ? Number(text) : 0;
  } catch {
    // What cannot be read says nothing about the time; the hop of the state has told of it.
    return 0;
  }
}

export async function examineUplinks({ uplinks }: Hardware): Promise<HopResult> {
  const hop = { hop: "uplink" } as const;
  if (uplinks === undefined) return { ...hop, subject: "interfaces", outcome: "ok" };
  const all = await uplinks.list();
  const up = all.filter(({ isUp }) => isUp).map(({ name, kind }) => `${name} (${kind})`);
  if (up.length > 0) return { ...hop, subject: up.join(", "), outcome: "ok" };
  const names = all.map(({ name }) => name).join(", ");
  const detail = names === "" ? "there is no interface but the loopback" : `down or without a default route: ${names}`;
  return { ...hop, subject: "interfaces", outcome: "fail", code: "uplink.none", detail };
}

// `gateway check`: whether the cloud's two ports speak their protocols and let this gateway in, in plain words.
import type { Hardware } from "#hardware/ports.ts";
import { mqttLogin } from "../cloud-identity.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import { httpsPortOf, mqttPortOf, mqttWaysOf } from "../connectivity/cloud-ports.ts";
import type { CloudDialOutcome, CloudPort } from "../connectivity/dial-cloud.ts";
import { type MqttLogin, dialLimitMs as mqttDialLimitMs, openMqtt } from "../connectivity/mqtt-connection.ts";
import type { MqttWays } from "../connectivity/mqtt-ways.ts";
import { isLoginRefusal, type OfflineReason } from "../connectivity/offline-reason.ts";
import { credentialsFile, loadCredentials } from "../registration/credentials.ts";
import { loadEnrolment } from "../registration/enrolment-state.ts";
import { answerLimitMs } from "./exchange.ts";
import { askHttp, speaksMqtt } from "./protocols.ts";

export interface CheckInput {
  readonly hardware: Hardware;
  readonly config: GatewayConfig;
  /** Takes one line. */
  readonly say: (line: string) => void;
}

/**
 * True if all is well. Logs in over MQTT with the id of this gateway, so a gateway that runs with it is pushed off and
 * connects again by itself. No secret is said.
 */
export async function checkCloud(input: CheckInput): Promise<boolean> {
  const isHttps = await checkHttps(input);
  const isMqtt = await checkMqtt(input);
  return isHttps && isMqtt;
}

async function checkHttps({ hardware, config, say }: CheckInput): Promise<boolean> {
  const port = httpsPortOf(config.cloud);
  const what = `HTTPS, [cloud] url: ${port.host}:${port.port}`;
  const answer = await askHttp(hardware, port);
  if (answer.kind === "http") {
    say(`ok    ${what} answers over HTTP (status ${answer.status}), and its certificate is good`);
    return true;
  }
  if (answer.kind === "unreachable") {
    const { reason, detail } = answer.outcome;
    say(`FAIL  ${what}: ${dialTexts[reason]} (${detail})`);
  } else if (await speaksMqtt(hardware, port)) {
    say(`FAIL  ${what}: ${swapped("MQTT", "HTTP")}`);
  } else {
    say(`FAIL  ${what}: TLS works, but what answers is not HTTP: is it the right port?`);
  }
  return false;
}

async function checkMqtt(input: CheckInput): Promise<boolean> {
  const { hardware, config, say } = input;
  const account = await readAccount(hardware, config);
  if (account === undefined) return checkMqttSpoken(input);
  if (account.problem !== undefined) say(`FAIL  ${account.problem}`);
  const { mqttOver } = config.cloud;
  const hasPassword = account.login.clientCertificate === undefined;
  if (mqttOver === "websocket" && hasPassword) {
    return (await checkWebSocket(input, account)) && account.problem === undefined;
  }
  const what = mqttText(config);
  const outcome = await logIn(hardware, mqttPortOf(config.cloud), account.login);
  if (outcome === undefined) {
    say(`ok    ${what} lets this gateway in with ${account.what}`);
    return account.problem === undefined;
  }
  const isHttp = outcome.reason === "mqtt.http-answer" || (await isHttpAfter(outcome, hardware, config));
  say(`FAIL  ${what}: ${isHttp ? swapped("HTTP", "MQTT") : refusalText(outcome, account, config)}`);
  // A firewall on the way looks like this, and the gateway then goes the other way.
  if (mqttOver === "auto" && hasPassword && isDialFailure(outcome.reason)) await hintAtWebSocket(input, account);
  return false;
}

async function hintAtWebSocket({ hardware, config, say }: CheckInput, account: Account): Promise<void> {
  const ways = mqttWaysOf(hardware.clock, { ...config.cloud, mqttOver: "websocket" });
  if ((await logIn(hardware, ways, account.login)) !== undefined) return;
  say('      MQTT through a websocket at [cloud] url works: where that is what is wanted, say mqtt_over = "websocket"');
}

/** MQTT at the address of HTTPS. True if the cloud let it in. */
async function checkWebSocket({ hardware, config, say }: CheckInput, account: Account): Promise<boolean> {
  const { host, port } = httpsPortOf(config.cloud);
  const what = `MQTT through a websocket, [cloud] url: ${host}:${port}`;
  const outcome = await logIn(hardware, mqttWaysOf(hardware.clock, config.cloud), account.login);
  if (outcome === undefined) say(`ok    ${what} lets this gateway in with ${account.what}`);
  else say(`FAIL  ${what}: ${refusalText(outcome, account, config)}`);
  return outcome === undefined;
}

function mqttText({ cloud }: GatewayConfig): string {
  return `MQTT, [cloud] mqtt: ${cloud.mqttHost}:${cloud.mqttPort}`;
}

/** Before the first certificate there is nothing to log in with. */
async function checkMqttSpoken({ hardware, config, say }: CheckInput): Promise<boolean> {
  const isGood = await speaksMqtt(hardware, mqttPortOf(config.cloud));
  const what = mqttText(config);
  if (isGood) say(`ok    ${what} speaks MQTT; this gateway has no certificate yet with which to log in`);
  else say(`FAIL  ${what}: no MQTT answers there: is it the right port?`);
  return isGood;
}

function swapped(found: string, meant: string): string {
  return `${found} answers there and not ${meant}: are the ports of [cloud] url and [cloud] mqtt swapped?`;
}

interface Account {
  readonly login: MqttLogin;
  readonly kind: "bootstrap" | "stored" | "certificate";
  /** For people; no secret. */
  readonly what: string;
  /** Of the stored credentials. */
  readonly problem?: string;
}

/** The account with which `gateway run` would begin; undefined where there is none yet. */
async function readAccount(
  { clock, storage, identity }: Hardware,
  { device, registration }: GatewayConfig,
): Promise<Account | undefined> {
  const clientId = device.id ?? identity.serialNumber;
  if (registration.method === "enrolment") {
    const { keyAlgorithm } = registration;
    const state = await loadEnrolment(storage, { deviceId: clientId, keyAlgorithm }, clock.nowMs());
    if (state.kind === "not-enrolled") return undefined;
    const login = mqttLogin(clientId, state.identity);
    return { login, kind: "certificate", what: "the certificate that it enrolled for" };
  }
  if (registration.method === "certificate") {
    const login = { clientId, clientCertificate: registration.certificate };
    return { login, kind: "certificate", what: "the certificate of [registration] certificate" };
  }
  const { user, password } = registration;
  const bootstrap = { login: { clientId, user, password }, kind: "bootstrap" } as const;
  const what = `the bootstrap account ${user}`;
  const stored = await loadCredentials(storage);
  switch (stored.kind) {
    case "found": {
      const { credentials } = stored;
      const login = { clientId, user: `${credentials.tenant}/${credentials.user}`, password: credentials.password };
      return { login, kind: "stored", what: `the credentials issued to ${login.user}` };
    }
    case "missing":
      return { ...bootstrap, what: `${what}; it is not registered yet` };
    case "damaged":
      return { ...bootstrap, what, problem: `the state: ${stored.what}; the gateway would register again` };
    default:
      return stored satisfies never;
  }
}

interface Refusal {
  readonly reason: OfflineReason;
  readonly detail: string | undefined;
}

/** Connects and leaves in order. Undefined if the cloud let it in. */
function logIn(hardware: Hardware, port: CloudPort | MqttWays, login: MqttLogin): Promise<Refusal | undefined> {
  return new Promise((resolve) => {
    let isIn = false;
    // Longer than the limit of dialling inside it.
    const limit = hardware.clock.setTimeout(() => connection.fail("mqtt.no-answer"), loginLimitMs);
    const connection = openMqtt(hardware, port, login, {
      connected: () => {
        isIn = true;
        connection.end();
      },
      message: () => {},
      closed: (reason, detail) => {
        hardware.clock.clearTimeout(limit);
        resolve(isIn ? undefined : { reason, detail });
      },
    });
  });
}

const loginLimitMs = mqttDialLimitMs + answerLimitMs;

/** A web server may also close without a word on hearing MQTT. */
async function isHttpAfter({ reason }: Refusal, hardware: Hardware, { cloud }: GatewayConfig): Promise<boolean> {
  if (!["mqtt.closed", "mqtt.malformed", "mqtt.no-answer", "reset"].includes(reason)) return false;
  return (await askHttp(hardware, mqttPortOf(cloud))).kind === "http";
}

function refusalText({ reason, detail }: Refusal, account: Account, { stateDir }: GatewayConfig): string {
  if (isDialFailure(reason)) return `${dialTexts[reason]}${detail === undefined ? "" : ` (${detail})`}`;
  if (isLoginRefusal(reason)) {
    return loginRefusals[account.kind](account, stateDir);
  }
  if (reason === "mqtt.unavailable") return "the cloud answers that it takes no gateways at the moment";
  if (reason === "mqtt.refused") return `the cloud refuses the client id ${account.login.clientId} or MQTT 3.1.1`;
  if (reason === "mqtt.no-websocket") return `no websocket for MQTT is taken there (${detail ?? reason})`;
  return `TLS works, but what answers is not MQTT: is it the right port? (${reason})`;
}

const loginRefusals: Readonly<Record<Account["kind"], (account: Account, stateDir: string) => string>> = {
  stored: ({ what }, stateDir) =>
    `the cloud refuses ${what}: was the gateway removed there? To register it again, remove ` +
    `${credentialsFile} from ${stateDir}, and accept it anew in the cloud`,
  bootstrap: ({ login }) =>
    `the cloud refuses the bootstrap account ${login.user}: user and password of [registration] must be ` +
    "those that the cloud has for registering gateways",
  certificate: ({ what, login }) =>
    `the cloud refuses ${what}: it must trust the authority that signed it, and ${login.clientId} must be the name in it`,
};

function isDialFailure(reason: OfflineReason): reason is DialReason & OfflineReason {
  return Object.hasOwn(dialTexts, reason);
}

type DialReason = Extract<CloudDialOutcome, { readonly ok: false }>["reason"];

const dialTexts: Readonly<Record<DialReason, string>> = {
  "name-unknown": "the name cannot be resolved: is it spelt right, and does this machine have a DNS server?",
  refused: "nothing listens on that port: is the port right, and is the cloud running?",
  unreachable: "there is no way to it: is the network up?",
  timeout: "no answer: a firewall on the way may drop the packets",
  reset: "the connection was broken off",
  aborted: "the check was broken off",
  "tls.unknown-authority":
    "its certificate is from an authority that this gateway does not trust: name the cloud's ca.pem as [cloud] ca",
  "tls.wrong-name": "its certificate is for another name: [cloud] must use a name that the certificate bears",
  "tls.expired": "its certificate has expired: is this machine's clock right?",
  "tls.not-yet-valid": "its certificate is not valid yet: is this machine's clock right?",
  "tls.failed": "it does not speak TLS as expected: is it the right port?",
  "clock.wrong": "this machine's clock is wrong, and certificates are judged by it: does its time service work?",
  "proxy.refused": "the proxy of [cloud] proxy does not let this gateway through to it",
  "proxy.login-refused": "the proxy of [cloud] proxy wants a login: see [cloud] proxy_user and proxy_password_file",
  "proxy.unreachable": "the proxy of [cloud] proxy cannot be reached: are its name and port right?",
};

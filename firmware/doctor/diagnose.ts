// Walks from the settings to the panels, hop by hop, and says what holds and what does not; it changes nothing and opens no tunnel.
import type { Hardware } from "#hardware/ports.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { httpsPortOf, mqttPortOf } from "../connectivity/cloud-ports.ts";
import type { CloudPort } from "../connectivity/dial-cloud.ts";
import { ConfigError, messageOf } from "../errors.ts";
import type { AllowEntry } from "../tunnel/allow-entry.ts";
import { writeIpAddress } from "../tunnel/ip-address.ts";
import { askHttps, askWebSocket, logInToMqtt, mqttOfRunning, type RunningGateway } from "./ask-cloud.ts";
import { type Account, examineClock, examineIdentity, examineState, examineUplinks } from "./examine-board.ts";
import { examineTarget, type LanTarget } from "./examine-lan.ts";
import type { Diagnosis, FindingCode, HopName, HopResult } from "./findings.ts";
import { reachPort, type Way, wayHops } from "./reach-port.ts";

export interface DiagnoseOptions {
  /** The name of the settings' file, for people. */
  readonly configName: string;
  /** Throws ConfigError. */
  readonly load: () => Promise<LoadedConfig>;
  /** Throws ConfigError. */
  readonly openHardware: (config: GatewayConfig) => Promise<Hardware>;
  /** What a gateway that runs with these settings says of itself; undefined if none does. */
  readonly askRunning?: (config: GatewayConfig) => Promise<RunningGateway | undefined>;
  /** Panels that are tried; without any, those that tunnels.allow names one by one. */
  readonly targets?: readonly LanTarget[];
  /** Told of each hop as it is done. */
  readonly onResult?: (result: HopResult) => void;
}

/** Panels out of the settings that are tried. */
const targetsMax = 16;

/** Never rejects for anything that is wrong with the settings, the board or the network. */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const walk = new Walk(options.onResult);
  const opened = await openAll(options, walk);
  if (opened === undefined) return walk.diagnosis;
  const { config, hardware } = opened;
  walk.add(await examineState(hardware, config.stateDir));
  const { results, account } = await examineIdentity(hardware, config);
  for (const result of results) walk.add(result);
  walk.add(await examineClock(hardware));
  walk.add(await examineUplinks(hardware));
  await walkToCloud(walk, { config, hardware, account, running: await options.askRunning?.(config) });
  await walkToPanels(walk, hardware, config, options.targets);
  return walk.diagnosis;
}

class Walk {
  readonly #results: HopResult[] = [];
  readonly #told: ((result: HopResult) => void) | undefined;

  constructor(told: ((result: HopResult) => void) | undefined) {
    this.#told = told;
  }

  get diagnosis(): Diagnosis {
    return { results: this.#results };
  }

  add(result: HopResult): void {
    this.#results.push(result);
    this.#told?.(result);
  }
}

interface Opened {
  readonly config: GatewayConfig;
  readonly hardware: Hardware;
}

async function openAll(options: DiagnoseOptions, walk: Walk): Promise<Opened | undefined> {
  const hop = { hop: "config", subject: options.configName } as const;
  try {
    const { config, warnings } = await options.load();
    const hardware = await options.openHardware(config);
    if (warnings.length === 0) walk.add({ ...hop, outcome: "ok" });
    for (const detail of warnings) walk.add({ ...hop, outcome: "note", code: "config.warning", detail });
    return { config, hardware };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const detail of error.findings) walk.add({ ...hop, outcome: "fail", code: error.code, detail });
    return undefined;
  }
}

interface CloudWalk extends Opened {
  readonly account: Account | undefined;
  readonly running: RunningGateway | undefined;
}

async function walkToCloud(walk: Walk, { config, hardware, account, running }: CloudWalk): Promise<void> {
  const shown = account?.login.clientCertificate;
  const https = httpsPortOf(config.cloud);
  const mqtt: CloudPort = { ...mqttPortOf(config.cloud), ...(shown === undefined ? {} : { clientCertificate: shown }) };
  const canWebSocket = shown === undefined && config.cloud.mqttOver !== "tls";
  const wantsMqttPort = config.cloud.mqttOver !== "websocket" || shown !== undefined;
  const httpsWay = await reachPort(hardware, https);
  const mqttWay = wantsMqttPort ? await reachPort(hardware, mqtt) : undefined;
  tellWays(walk, [
    { port: https, way: httpsWay },
    ...(mqttWay === undefined ? [] : [{ port: mqtt, way: asSeen(mqttWay, httpsWay), isSpare: canWebSocket }]),
  ]);
  if (mqttWay?.ok === true) mqttWay.connection.reset();
  const isRunning = running === undefined ? undefined : mqttOfRunning(config, running);
  const through = mqttWay?.ok === true ? "tls" : httpsWay.ok && canWebSocket ? "websocket" : undefined;
  if (isRunning !== undefined) walk.add(isRunning);
  else if (account === undefined || through === undefined) walk.add(skipped("mqtt", mqtt));
  else walk.add(await logInToMqtt(hardware, { way: through, port: through === "tls" ? mqtt : https, account }));
  await walkHttps(walk, hardware, https, httpsWay);
}

async function walkHttps(walk: Walk, hardware: Hardware, https: CloudPort, way: Way): Promise<void> {
  if (!way.ok) {
    walk.add(skipped("https", https));
    walk.add(skipped("websocket", https));
    return;
  }
  const answer = await askHttps(hardware, https);
  walk.add(answer);
  if (answer.outcome === "ok") {
    walk.add(await askWebSocket(hardware, https, way.connection));
  } else {
    way.connection.reset();
    walk.add(skipped("websocket", https));
  }
}

/** Where HTTPS gets further than MQTT, it is MQTT's port that is in the way, and not the network. */
function asSeen(mqtt: Way, https: Way): Way {
  if (mqtt.ok) return mqtt;
  const gotFurther = https.ok || wayHops.indexOf(https.hop) > wayHops.indexOf(mqtt.hop);
  if (!gotFurther) return mqtt;
  if (mqtt.hop === "tcp" && mqtt.code !== "tcp.refused") return { ...mqtt, code: "tcp.mqtt-port-blocked" };
  if (mqtt.code === "proxy.forbidden") return { ...mqtt, code: "proxy.mqtt-port-forbidden" };
  return mqtt;
}

interface SeenWay {
  readonly port: CloudPort;
  readonly way: Way;
  /** Whether there is another one: then its failure is no more than a note. */
  readonly isSpare?: boolean;
}

/** Hop by hop, so that the first failure in the list is the first on the way. */
function tellWays(walk: Walk, ways: readonly SeenWay[]): void {
  for (const hop of wayHops) {
    const told = new Set<string>();
    for (const { port, way, isSpare = false } of ways) {
      const subject = subjectOf(hop, port);
      // Both ports may be of one host.
      if ((hop === "proxy" && port.proxy === undefined) || told.has(subject)) continue;
      told.add(subject);
      if (way.ok || wayHops.indexOf(way.hop) > wayHops.indexOf(hop)) walk.add({ hop, subject, outcome: "ok" });
      else if (way.hop !== hop) walk.add({ hop, subject, outcome: "skipped" });
      else if (ways.some((other) => isImpostor(other.way, way)))
        walk.add({
          hop,
          subject,
          outcome: "skipped",
          detail: `${way.detail}; but what answers as HTTPS is not the cloud`,
        });
      else walk.add(ofWay(hop, subject, way, isSpare && ways.some((each) => each.way.ok)));
    }
  }
}

/** A portal or firewall that shows a certificate of its own in the cloud's place need not answer on other ports. */
function isImpostor(other: Way, way: Extract<Way, { ok: false }>): boolean {
  return way.hop === "tcp" && !other.ok && (other.code === "tls.wrong-name" || other.code === "tls.unknown-authority");
}

function ofWay(
  hop: HopName,
  subject: string,
  { code, detail }: { readonly code: FindingCode; readonly detail: string },
  hasOther: boolean,
): HopResult {
  if (!hasOther) return { hop, subject, outcome: "fail", code, detail };
  const words = `${detail}; MQTT goes through a websocket at the port of HTTPS`;
  return { hop, subject, outcome: "note", code: "mqtt.through-websocket", detail: words };
}

function subjectOf(hop: HopName, { host, port, proxy }: CloudPort): string {
  if (hop === "dns") return proxy?.host ?? host;
  const cloud = `${host}:${port}`;
  return hop === "proxy" && proxy !== undefined ? `${proxy.host}:${proxy.port} to ${cloud}` : cloud;
}

function skipped(hop: HopName, { host, port }: CloudPort): HopResult {
  return { hop, subject: `${host}:${port}`, outcome: "skipped" };
}

async function walkToPanels(
  walk: Walk,
  hardware: Hardware,
  config: GatewayConfig,
  wanted: readonly LanTarget[] | undefined,
): Promise<void> {
  const targets = wanted ?? config.tunnels.allow.flatMap(exactTarget).slice(0, targetsMax);
  if (targets.length === 0) {
    const detail = "no panel is named: postern gateway doctor --target ADDRESS:PORT tries one";
    walk.add({ hop: "lan", subject: "panels", outcome: "note", code: "lan.none-named", detail });
    return;
  }
  for (const target of targets) {
    try {
      walk.add(await examineTarget(hardware, config, target));
    } catch (error) {
      const subject = `${target.host}:${target.port}`;
      walk.add({ hop: "lan", subject, outcome: "fail", code: "lan.unreachable", detail: messageOf(error) });
    }
  }
}

/** An entry that names one address and one port. */
function exactTarget(entry: AllowEntry): readonly LanTarget[] {
  if (entry.kind !== "network" || entry.ports === undefined || entry.ports.low !== entry.ports.high) return [];
  const { base, prefixLength } = entry.network;
  if (prefixLength !== (base.family === 4 ? 32 : 128)) return [];
  return [{ host: writeIpAddress(base), port: entry.ports.low }];
}

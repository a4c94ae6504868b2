// The wiring diagram: gives the machines their actors, the log and a Hardware, and shows the whole as one Gateway.
import { type Actor, createActor, type InspectionEvent } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import { contact } from "./board/button.actor.ts";
import { buttonMachine } from "./board/button.machine.ts";
import { stateStore, wipeWithin } from "./board/factory-reset.ts";
import { lamps } from "./board/indicator.actor.ts";
import { indicatorMachine } from "./board/indicator.machine.ts";
import { watchdogTimer } from "./board/watchdog.actor.ts";
import { watchdogMachine } from "./board/watchdog.machine.ts";
import type { GatewayConfig } from "./config/gateway-config.ts";
import { clockWatch } from "./connectivity/clock-watch.actor.ts";
import { cipherPreferenceOf, httpsPortOf, mqttWaysOf, type ReachableCloud } from "./connectivity/cloud-ports.ts";
import { cloudSession } from "./connectivity/connectivity.actor.ts";
import { connectivityMachine } from "./connectivity/connectivity.machine.ts";
import { keptQueue } from "./connectivity/kept-queue.actor.ts";
import { openTimeFloor, type TimeFloor } from "./connectivity/time-floor.ts";
import { createAuthorization } from "./connectivity/token-authorization.ts";
import { TokenSource } from "./connectivity/token-source.ts";
import { takenOperations } from "./device-management/capabilities.ts";
import type { ConfigFileAccess } from "./device-management/config-file-access.ts";
import { LogRing } from "./device-management/log-ring.ts";
import { configurationType } from "./device-management/management.actor.ts";
import { ownLogName } from "./device-management/own-log.ts";
import { provideManagement } from "./device-management/provide-management.ts";
import { messageOf } from "./errors.ts";
import { brokenFact, type GatewayPart, gatewayMachine } from "./gateway.machine.ts";
import { provideHealth } from "./health/provide-health.ts";
import { createLog, type Log, type LogEntry } from "./log.ts";
import { modemLine } from "./modem/modem.actor.ts";
import { modemMachine } from "./modem/modem.machine.ts";
import { operationsMachine } from "./operations/operations.machine.ts";
import { provideRegistration, provideRenewal } from "./registration/provide-registration.ts";
import { SerialConsoles } from "./serial-console/serial-consoles.ts";
import type { GatewayStatus } from "./status/gateway-status.ts";
import { GatewayHistory } from "./status/history.ts";
import { readStates, readStatus } from "./status/read-status.ts";
import type { TunnelCounts, TunnelMeter } from "./tunnel/leg-facts.ts";
import { targetCheck, tunnelLegs } from "./tunnel/tunnel.actor.ts";
import { tunnelMachine } from "./tunnel/tunnel.machine.ts";
import { releaseUplinks, uplinksProbe, uplinksSteering, uplinksWatch } from "./uplinks/uplinks.actor.ts";
import { uplinksMachine } from "./uplinks/uplinks.machine.ts";

export { type ConfigChanges, completeConfig } from "./config/defaults.ts";
export { configFileIn, restorePrevious } from "./device-management/config-file-access.ts";
export { configOfText, findingsOf } from "./device-management/config-text.ts";
export type { GatewayStatus, TunnelStatus } from "./status/gateway-status.ts";

export interface GatewayOptions {
  readonly hardware: Hardware;
  readonly config: GatewayConfig;
  readonly log: Log;
  /** The configuration file, so that the cloud may ask for it and send another; absent: it can do neither. */
  readonly configFile?: ConfigFileAccess;
  /** The newest lines of the log, over the runs of one process; a new one where absent. */
  readonly logRing?: LogRing;
  /** Told of everything that the machines do; for a record of a run. */
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface Gateway {
  status(): GatewayStatus;
  /** Refuses new tunnels, closes the open ones with `gateway.stopping`, leaves the cloud. Resolves within 5 s. */
  stop(): Promise<void>;
  /** As a power cut: every socket is reset and every timer cleared, and nothing is said. */
  kill(): void;
  /**
   * Whether the root machine answers a question in a turn of its own, now. What tells others that the gateway lives asks
   * this first, as the hardware watchdog does: a root that is dead, or held up, does not answer.
   */
  progress(): boolean;
  /**
   * Resolves when nothing runs any more: `failed` means that a part of the gateway broke, `reconfigured` that it is to
   * begin anew with the configuration file as it is now.
   */
  readonly ended: Promise<GatewayEnd>;
}

export type GatewayEnd = "stopped" | "killed" | "failed" | "reconfigured";

export function startGateway(options: GatewayOptions): Gateway {
  const meters = new Map<string, TunnelMeter>();
  const ending = Promise.withResolvers<GatewayEnd>();
  let isKilled = false;
  const history = new GatewayHistory(options.hardware.clock);
  const ring = options.logRing ?? new LogRing();
  const ringLog = createLog(options.hardware.clock, (line) => ring.add(line), options.config.logLevel);
  const writeLog = (entry: LogEntry): void => {
    if (isKilled) return;
    history.noteEntry(entry);
    options.log[entry.level](entry.event, entry.fields);
    ringLog[entry.level](entry.event, entry.fields);
  };
  const store = stateStore(options.hardware.storage);
  const killing = new AbortController();
  let isStopWanted = false;
  let actor: GatewayActor;
  const noteStates = (): void => history.noteStates(...readStates(actor.getSnapshot()));
  const begin = (): void => {
    const hardware = { ...options.hardware, storage: store.open() };
    actor = createGatewayActor({ ...options, hardware, logRing: ring }, meters, writeLog);
    actor.subscribe({
      next: noteStates,
      complete: () => void over(),
      error: (error) => {
        writeLog({ level: "error", event: "internal.error", fields: { where: "gateway", what: messageOf(error) } });
        ending.resolve("failed");
      },
    });
    actor.start();
    // It lives as long as the gateway; not each of its steps is told to the root.
    actor.getSnapshot().children.connectivity?.subscribe({ next: noteStates, error: () => {} });
  };
  const over = async (): Promise<void> => {
    const end = actor.getSnapshot().value;
    if (end === "reset") {
      writeLog(await wipeWithin(options.hardware.clock, store, killing.signal));
      if (!isStopWanted && !isKilled) {
        begin();
        return;
      }
    }
    if (end === "reconfigured" && !isStopWanted) ending.resolve("reconfigured");
    else ending.resolve(end === "failed" ? "failed" : "stopped");
  };
  // An earlier run with another configuration may have ended in the middle of something.
  if (options.config.uplinks === undefined) void releaseUplinks(options.hardware); // never rejects
  begin();
  return {
    status: () => {
      noteStates();
      return readStatus({
        snapshot: actor.getSnapshot(),
        hardware: options.hardware,
        config: options.config,
        meters,
        history,
      });
    },
    stop: async () => {
      isStopWanted = true;
      if (actor.getSnapshot().status === "active") actor.send({ type: "gateway.stop" });
      await ending.promise;
      if (!isKilled) await releaseUplinks(options.hardware);
    },
    kill: () => {
      isKilled = true;
      killing.abort();
      ending.resolve("killed");
      actor.stop();
    },
    progress: () => {
      let isAnswered = false;
      const answer = (): void => {
        isAnswered = true;
      };
      if (actor.getSnapshot().status === "active") actor.send({ type: "progress.asked", answer });
      return isAnswered;
    },
    ended: ending.promise,
  };
}

type GatewayActor = Actor<typeof gatewayMachine>;

function createGatewayActor(
  { hardware, config, configFile, logRing, inspect }: GatewayOptions & { readonly logRing: LogRing },
  meters: Map<string, TunnelMeter>,
  writeLog: (entry: LogEntry) => void,
): GatewayActor {
  const { device, registration, tunnels } = config;
  const cloud = reachableCloud(hardware, config.cloud);
  const mqtt = mqttWaysOf(hardware.clock, cloud);
  const https = { clock: hardware.clock, network: hardware.network, cloud: httpsPortOf(cloud) };
  const tokens = new TokenSource(hardware.clock);
  const authorization = createAuthorization(() => actor.getSnapshot().context.identity, tokens);
  const consoles = new SerialConsoles(hardware, config.serialConsoles);
  // Where metrics are served by is no business of the cloud's, whatever the entries of tunnels.allow say.
  const ownPorts = config.metrics === undefined ? [] : [config.metrics.port];
  const deps = { hardware, cloud, authorization, settings: tunnels, ownPorts, meters, consoles };
  const log = (_: unknown, entry: LogEntry): void => writeLog(entry);
  const machine = gatewayMachine.provide({
    actions: {
      log,
      closeBroken: ({ self }, { operation, wasOpen }) => {
        self.send(brokenFact(operation, wasOpen, abandonLegs(meters.get(operation))));
      },
    },
    actors: {
      registration: provideRegistration({ hardware, mqtt, https, log: writeLog }),
      renewal: provideRenewal({ hardware, https, authorization, log: writeLog }),
      connectivity: connectivityMachine.provide({
        actions: { log },
        actors: {
          session: cloudSession(hardware, mqtt, { tokens, timeFloor: cloud.timeFloor }),
          queue: keptQueue(hardware),
          clockWatch: clockWatch(hardware),
        },
      }),
      operations: operationsMachine.provide({ actions: { log } }),
      indicator: indicatorMachine.provide({ actors: { lamps: lamps(hardware) } }),
      button: buttonMachine.provide({ actors: { contact: contact(hardware.button) } }),
      watchdog: watchdogMachine.provide({ actors: { timer: watchdogTimer(hardware.watchdog) } }),
      health: provideHealth(hardware, writeLog),
      management: provideManagement({
        hardware,
        config,
        https,
        authorization,
        ring: logRing,
        configFile,
        identity: () => actor.getSnapshot().context.identity,
        writeLog,
      }),
      uplinks: provideUplinks(hardware, cloud, log),
      modem: provideModem(hardware, log),
      tunnel: tunnelMachine.provide({
        actors: { targetCheck: targetCheck(deps), legs: tunnelLegs(deps) },
      }),
    },
  });
  const { dialTimeoutMs, drainMs, max } = tunnels;
  const id = device.id ?? hardware.identity.serialNumber;
  const taken = takenOperations(hardware, config, configFile !== undefined);
  const actor: GatewayActor = createActor(machine, {
    clock: hardware.clock,
    ...(inspect === undefined ? {} : { inspect }),
    input: {
      device: {
        id,
        name: device.name,
        type: device.type,
        board: hardware.identity,
        operations: taken,
        logs: [ownLogName],
        configurations: configFile === undefined ? [] : [configurationType],
      },
      takenOperations: taken,
      healthLimits: { ...config.health, hotCelsius: tunnels.hotCelsius },
      registration,
      limits: { dialTimeoutMs, drainMs, tunnelsMax: max },
      parts: partsOf(hardware, config),
      watchdogTimeoutMs: config.board.watchdogTimeoutMs,
      ...(config.uplinks === undefined ? {} : { uplinkSettings: config.uplinks }),
      ...(config.modem === undefined
        ? {}
        : { modemSettings: { ...config.modem, intervalMs: config.health.intervalMs } }),
    },
  });
  return actor;
}

function provideUplinks(hardware: Hardware, cloud: ReachableCloud, log: (_: unknown, entry: LogEntry) => void) {
  const { uplinks } = hardware;
  // Without the port the child is never started.
  if (uplinks === undefined) return uplinksMachine;
  return uplinksMachine.provide({
    actions: { log },
    actors: {
      watch: uplinksWatch(hardware, uplinks),
      steer: uplinksSteering(uplinks),
      probe: uplinksProbe(hardware, cloud),
    },
  });
}

function provideModem(hardware: Hardware, log: (_: unknown, entry: LogEntry) => void) {
  const { serialPorts } = hardware;
  if (serialPorts === undefined) return modemMachine;
  return modemMachine.provide({ actions: { log }, actors: { line: modemLine(hardware, serialPorts) } });
}

function reachableCloud(
  hardware: Hardware,
  cloud: GatewayConfig["cloud"],
): ReachableCloud & { readonly timeFloor: TimeFloor } {
  const cipherPreference = cipherPreferenceOf(hardware);
  const timeFloor = openTimeFloor(hardware.storage);
  return { ...cloud, timeFloor, ...(cipherPreference === undefined ? {} : { cipherPreference }) };
}

/** What is not there, or not wanted, gets no machine. */
function partsOf(hardware: Hardware, { board, uplinks, modem }: GatewayConfig): readonly GatewayPart[] {
  const { leds, button, watchdog } = hardware;
  // One that is wanted and not there says so by its own.
  const hasWatchdog = board.watchdog === "auto" ? watchdog !== undefined : board.watchdog;
  return [
    "health",
    "management",
    ...(leds === undefined ? [] : (["indicator"] as const)),
    ...(button === undefined ? [] : (["button"] as const)),
    ...(hasWatchdog ? (["watchdog"] as const) : []),
    ...(hardware.uplinks === undefined || uplinks === undefined ? [] : (["uplinks"] as const)),
    ...(hardware.serialPorts === undefined || modem === undefined ? [] : (["modem"] as const)),
  ];
}

/** Resets what still stands of a tunnel that broke. Returns what it had carried. */
function abandonLegs(meter: TunnelMeter | undefined): TunnelCounts {
  if (meter === undefined) return { bytesUp: 0, bytesDown: 0, durationMs: 0 };
  const counts = { bytesUp: meter.bytesUp(), bytesDown: meter.bytesDown(), durationMs: meter.durationMs() };
  meter.abandon();
  return counts;
}

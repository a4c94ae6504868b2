// `postern connect`: finds device and endpoint, opens a port or takes standard input and output, and tells how each session ended.

import { chooseDevice, type Device } from "./choose-device.ts";
import { chooseEndpoint, type Endpoint } from "./choose-endpoint.ts";
import { type ClientWebSocket, type EndpointAddress, openClientWebSocket } from "./client-websocket.ts";
import { openCloudApi } from "./cloud-api.ts";
import { basicAuthorization, type CloudLogin } from "./cloud-login.ts";
import type { ConnectOptions } from "./connect-command.ts";
import { ConnectError } from "./connect-error.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import type { LocalEnd } from "./local-end.ts";
import { connectionsMax, openLocalPort } from "./local-port.ts";
import { findPassword, passwordVariable, readNamedFile } from "./password.ts";
import { Session } from "./session.ts";
import { endedHere, endLine, type SessionEnd } from "./session-end.ts";
import { standardStreams } from "./standard-streams.ts";
import { GivenUpError } from "./terminal-question.ts";
import { usageLine } from "./usage-line.ts";

/** How long sessions may take to close when a person stops the program, in ms. */
const stopMs = 3_000;
/** What a shell gives for a program that a signal ended: 128 and the signal's number. */
const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const stopSignals = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** Gives the exit code (docs/connect.md). What goes wrong is told on standard error. */
export async function runConnect(device: string, endpoint: string, options: ConnectOptions): Promise<number> {
  const stopped = untilStopped();
  try {
    const prepared = await Promise.race([prepare(device, endpoint, options), stopped]);
    if (typeof prepared === "string") return signalCodes[prepared];
    return options.stdio ? await serveStdio(prepared, stopped) : await servePort(prepared, options, stopped);
  } catch (error) {
    if (error instanceof GivenUpError) return signalCodes.SIGINT;
    if (!(error instanceof ConnectError)) throw error;
    tell(error.message);
    return error.exitCode;
  }
}

type StopSignal = keyof typeof signalCodes;

interface Prepared {
  readonly login: CloudLogin;
  readonly device: Device;
  readonly endpoint: Endpoint;
  readonly answerWaitMs: number;
}

async function prepare(wantedDevice: string, wantedEndpoint: string, options: ConnectOptions): Promise<Prepared> {
  const { url, user, ca, passwordFile, answerWait } = options;
  const authorities = ca === undefined ? [] : [await readNamedFile(ca)];
  if (authorities.some((text) => !text.includes("-----BEGIN CERTIFICATE-----"))) {
    throw new ConnectError(exitCodes.incomplete, `${ca} cannot be used: it holds no certificate in PEM form.`);
  }
  const password = await findPassword({
    file: passwordFile,
    fromEnvironment: process.env[passwordVariable],
    who: `${user} at ${url}`,
    warn: tell,
  });
  const login = { origin: url, authorization: basicAuthorization(user, password), authorities };
  const api = openCloudApi(login);
  const device = await chooseDevice(api, wantedDevice);
  const endpoint = await chooseEndpoint(api, device, wantedEndpoint);
  if (device.isConnected === false)
    tell("The gateway is offline at the moment; a connection waits a short while for it.");
  return { login, device, endpoint, answerWaitMs: answerWait * 1000 };
}

async function serveStdio(prepared: Prepared, stopped: Promise<StopSignal>): Promise<number> {
  const serving = serve(prepared, standardStreams());
  const signal = await Promise.race([serving.ended.then(() => undefined), stopped]);
  if (signal !== undefined) serving.stop();
  const end = await serving.ended;
  if (end.exitCode !== exitCodes.done) tell(endLine(end));
  return signal === undefined ? end.exitCode : signalCodes[signal];
}

async function servePort(prepared: Prepared, options: ConnectOptions, stopped: Promise<StopSignal>): Promise<number> {
  const open = new Map<number, Serving>();
  const first = Promise.withResolvers<ExitCode>();
  let count = 0;
  const accepted = (local: LocalEnd): void => {
    if (options.once) port.close();
    if (options.once && count > 0) {
      local.destroy();
      return;
    }
    count += 1;
    const number = count;
    const serving = serve(prepared, local);
    open.set(number, serving);
    void serving.ended.then((end) => {
      open.delete(number);
      tell(`connection ${number}: ${endLine(end)}`);
      first.resolve(end.exitCode);
    });
  };
  const refused = (): void => tell(`Refused a connection: ${connectionsMax} are open already.`);
  const port = await openLocalPort(options.port, { accepted, refused });
  console.log(usageLine(prepared.device, prepared.endpoint, port.port));
  const outcome = await Promise.race(options.once ? [first.promise, stopped] : [stopped]);
  port.close();
  for (const serving of open.values()) serving.stop();
  const all = Promise.all([...open.values()].map(({ ended }) => ended));
  await Promise.race([all, new Promise((resolve) => setTimeout(resolve, stopMs).unref())]);
  if (typeof outcome === "number") return outcome;
  return options.once ? signalCodes[outcome] : exitCodes.done;
}

/** One session on its way: being opened, or open. */
interface Serving {
  readonly ended: Promise<SessionEnd>;
  stop(): void;
}

function serve(prepared: Prepared, local: LocalEnd): Serving {
  const opening = new AbortController();
  let session: Session | undefined;
  const stop = (): void => {
    opening.abort();
    session?.stop();
  };
  // While it is being opened nothing is read, but a program that goes away is noticed.
  local.output.once("close", () => opening.abort());
  const run = async (): Promise<SessionEnd> => {
    const cloud = await openedOrEnd(prepared, opening.signal);
    if ("exitCode" in cloud) {
      local.destroy();
      return cloud;
    }
    session = new Session(local, cloud, prepared);
    if (opening.signal.aborted) session.stop();
    return session.ended;
  };
  return { ended: run(), stop };
}

async function openedOrEnd(prepared: Prepared, signal: AbortSignal): Promise<ClientWebSocket | SessionEnd> {
  const address: EndpointAddress = { deviceId: prepared.device.id, endpointId: prepared.endpoint.id };
  try {
    return await openClientWebSocket(prepared.login, address, signal);
  } catch (error) {
    if (signal.aborted) return endedHere;
    if (!(error instanceof ConnectError)) throw error;
    return { exitCode: error.exitCode, text: error.message };
  }
}

/** ssh ends its ProxyCommand with SIGHUP. */
function untilStopped(): Promise<StopSignal> {
  return new Promise((resolve) => {
    for (const signal of stopSignals) process.on(signal, () => resolve(signal));
  });
}

function tell(line: string): void {
  console.error(`postern: ${line}`);
}

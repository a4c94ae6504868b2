// A Modbus TCP panel: the machine's controller, whose registers are the values that its screen shows.
import type { Clock, Connection } from "#hardware/ports.ts";
import { type PanelHost, PanelListener, type PanelProgram, type RunningPanel } from "../panel.ts";
import { type MachineName, machines, type ProcessModel, type ProcessSource, sharedProcess } from "../process-model.ts";
import { ProcessRegisters } from "../process-model-registers.ts";
import type { DeviceIdentification } from "./device-identification.ts";
import { type ModbusFrame, ModbusFrameError, ModbusFrameReader, writeFrame } from "./modbus-frames.ts";
import { answerRequest, type ModbusUnit } from "./modbus-server.ts";

const modbusPort = 502;
/** Messaging on TCP/IP 1.0b, 4.4.2.1: numbers by which a device without others behind it is called. */
const ownUnits: readonly number[] = [0, 1, 255];

/** After our end of the stream. */
const lingerMs = 2000;

export interface ModbusPanelOptions {
  readonly port?: number;
  readonly machine?: MachineName;
  /** A machine that other panels show too. */
  readonly process?: ProcessSource;
  /** Further machines behind it, by their unit number, 2 to 247. */
  readonly units?: Readonly<Record<number, ProcessSource>>;
  readonly identification?: Partial<DeviceIdentification>;
}

export interface RunningModbusPanel extends RunningPanel {
  /** What its own machine does. */
  readonly process: ProcessModel;
  /** Its registers; the map says what is where. */
  readonly registers: ProcessRegisters;
  /** Requests that have been answered since the start. */
  readonly requests: number;
  /** Connections that were closed for what came on them. */
  readonly malformed: number;
}

export function modbusPanel(options: ModbusPanelOptions = {}): PanelProgram<RunningModbusPanel> {
  return {
    port: options.port ?? modbusPort,
    endpoint: { protocol: "PASSTHROUGH" },
    start: (host) => startModbus(host, options),
  };
}

interface Counts {
  requests: number;
  malformed: number;
}

async function startModbus(host: PanelHost, options: ModbusPanelOptions): Promise<RunningModbusPanel> {
  const process = (options.process ?? sharedProcess(machines[options.machine ?? "press"])).of(host);
  const identification = { ...ownIdentification, ...options.identification };
  const unitOf = (model: ProcessModel): ModbusUnit => ({
    registers: new ProcessRegisters(model, host.clock),
    identification,
  });
  const own = unitOf(process);
  const units = new Map<number, ModbusUnit>(ownUnits.map((number) => [number, own]));
  for (const [number, source] of Object.entries(options.units ?? {})) {
    units.set(Number(number), unitOf(source.of(host)));
  }
  const counts: Counts = { requests: 0, malformed: 0 };
  const listener = await PanelListener.open(host, options.port ?? modbusPort, (connection) =>
    serve(connection, { clock: host.clock, units, counts }),
  );
  return {
    ...{ port: listener.port, process, registers: own.registers },
    get connections() {
      return listener.connections;
    },
    get requests() {
      return counts.requests;
    },
    get malformed() {
      return counts.malformed;
    },
    close: () => listener.close(),
  };
}

function serve(
  { stream }: Connection,
  panel: { readonly clock: Clock; readonly units: ReadonlyMap<number, ModbusUnit>; readonly counts: Counts },
): void {
  const { clock, units, counts } = panel;
  const reader = new ModbusFrameReader();
  let isOver = false;
  const answer = ({ transaction, unit, pdu }: ModbusFrame): void => {
    counts.requests += 1;
    stream.write(writeFrame({ transaction, unit, pdu: answerRequest(units.get(unit), pdu) }));
  };
  const hangUp = (): void => {
    isOver = true;
    counts.malformed += 1;
    stream.end();
    const timer = clock.setTimeout(() => stream.destroy(), lingerMs);
    stream.once("close", () => clock.clearTimeout(timer));
  };
  stream.on("data", (bytes: Uint8Array) => {
    if (isOver) return;
    try {
      for (const frame of reader.push(bytes)) answer(frame);
    } catch (error) {
      if (!(error instanceof ModbusFrameError)) throw error;
      hangUp();
      return;
    }
    // Whoever asks without reading the answers waits.
    if (stream.writableNeedDrain) stream.pause();
  });
  stream.on("drain", () => stream.resume());
  stream.on("end", () => stream.end());
}

const ownIdentification: DeviceIdentification = {
  vendor: "Postern simulator",
  productCode: "PC-300",
  revision: "3.2",
  url: "https://panel.invalid/",
  product: "Machine controller",
  model: "PC-300/E",
  application: "Process registers",
};

// The sections [serial.<name>]: serial ports that are offered as endpoints.
import { type ConfigFile, describe, isTable } from "./config-file.ts";
import type { SerialConsoleSettings } from "./gateway-config.ts";
import { namedSections } from "./schema.ts";

const consolesMax = 16;

/** `modemPort`: that of [modem], which no console may take. */
export function parseSerialConsoles(file: ConfigFile, modemPort: string | undefined): readonly SerialConsoleSettings[] {
  const entries = file.entries("serial");
  if (entries.length > consolesMax) {
    file.report(["serial"], `must have at most ${consolesMax} serial consoles, found ${entries.length}`);
    return [];
  }
  const owners = new Map<string, string>(modemPort === undefined ? [] : [[modemPort, "[modem]"]]);
  return entries.flatMap(([name, value]) => {
    if (!isTable(value)) {
      const found = describe(value);
      file.report(
        ["serial", name],
        `must be in a section of its own: a line [serial.<name>], then port; found ${found}`,
      );
      return [];
    }
    const section = `serial.${name}`;
    if (!/^[a-z0-9-]{1,32}$/.test(name)) {
      file.report([section], "must be named by 1 to 32 of a to z, 0 to 9 and -, as in [serial.press4]");
      return [];
    }
    return parseConsole(file, name, owners);
  });
}

function parseConsole(file: ConfigFile, name: string, owners: Map<string, string>): readonly SerialConsoleSettings[] {
  const section = `serial.${name}`;
  const values = file.section(section, namedSections.serial);
  const { port } = values;
  if (!file.has(section, "port")) {
    file.report([section, "port"], `is missing: ${namedSections.serial.keys.port.meaning}`);
  }
  if (port === undefined) return [];
  const owner = owners.get(port);
  if (owner !== undefined) file.report([section, "port"], `${port} is that of ${owner} already`);
  owners.set(port, `[${section}]`);
  return [
    {
      name,
      port,
      settings: {
        baudRate: values.baud_rate,
        dataBits: values.data_bits,
        parity: values.parity,
        stopBits: values.stop_bits,
        flowControl: values.flow_control,
      },
    },
  ];
}

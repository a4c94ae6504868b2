// Which operations this gateway can do, for the cloud and for the intake. Pure.
import type { Hardware } from "#hardware/ports.ts";
import { type ManagementFragment, managementFragments } from "#protocol/device-management.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";

/** `hasConfigFile`: the configuration file can be reached. */
export function takenOperations(
  { system, processes }: Pick<Hardware, "system" | "processes">,
  { commands }: Pick<GatewayConfig, "commands">,
  hasConfigFile: boolean,
): readonly ManagementFragment[] {
  const { restart, command, logfile, uploadConfiguration, downloadConfiguration } = managementFragments;
  return [
    ...(system === undefined ? [] : [restart]),
    ...(processes === undefined || commands.length === 0 ? [] : [command]),
    logfile,
    ...(hasConfigFile ? [uploadConfiguration, downloadConfiguration] : []),
  ];
}

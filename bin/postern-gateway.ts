#!/usr/bin/env node
// The gateway's own command, bundled into one file: nothing of the cloud, the simulator or VNC ships in it.
import { Command } from "commander";
import { addShellCommands } from "./gateway/shell-commands.ts";
import { createGatewayCommand } from "./gateway-command.ts";
import { runProgram } from "./run-program.ts";

await runProgram((finished) => {
  const program = new Command("postern")
    .description("Postern: the screen or shell of a machine on a factory LAN, in a browser")
    .addCommand(createGatewayCommand(finished));
  addShellCommands(program);
  return program;
}, process.argv.slice(2));

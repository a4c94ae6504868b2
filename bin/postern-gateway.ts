#!/usr/bin/env node
// The gateway's own command, bundled into one file: nothing of the cloud, the simulator or VNC ships in it.
import { Command } from "commander";
import { createGatewayCommand } from "./gateway-command.ts";
import { runProgram } from "./run-program.ts";

await runProgram(
  (finished) =>
    new Command("postern")
      .description("Postern: the screen or shell of a machine on a factory LAN, in a browser")
      .addCommand(createGatewayCommand(finished)),
  process.argv.slice(2),
);

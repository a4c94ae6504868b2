// `completion` and `man`: what the command line says of itself to shells and to man.
import { Argument, type Command } from "commander";
import { readCommandTree } from "./command-tree.ts";
import { completionScript, type Shell, shells } from "./completion.ts";
import { manualPage } from "./manual-page.ts";

const installing = `
To have it in each new shell:
  bash   postern completion bash > ~/.local/share/bash-completion/completions/postern
  zsh    postern completion zsh > ~/.zfunc/_postern   (a folder of $fpath)
  fish   postern completion fish > ~/.config/fish/completions/postern.fish`;

const seeAlso = ["docs/gateway.md, docs/connect.md and docs/simulator.md of Postern"];

/** Adds them to a command; they tell of the whole program at the top. */
export function addShellCommands(to: Command): void {
  to.command("completion")
    .summary("a script that completes this command line in a shell")
    .description("print a script that completes this command line in a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .addHelpText("after", installing)
    .action((shell: Shell) => print(completionScript(shell, readCommandTree(topOf(to)))));
  to.command("man")
    .summary("the manual page, for man")
    .description("print the manual page, for man: postern man > postern.1")
    .action(async () => {
      const { gatewayVersion: version } = await import("#firmware/main.ts");
      print(manualPage(readCommandTree(topOf(to)), { version, seeAlso }));
    });
}

function topOf(command: Command): Command {
  let top = command;
  while (top.parent !== null) top = top.parent;
  return top;
}

function print(text: string): void {
  process.stdout.write(text);
}

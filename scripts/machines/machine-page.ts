// docs/machines.md: what each machine is for, its drawing, and a table of its states.
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";
import type { FoundMachine } from "./machine-list.ts";
import { pathOf, reactionsOf, statesOf, triggerOf } from "./machine-words.ts";

const preface = `# The machines

Made from the machines by \`node scripts/draw-machines.ts\`; \`test/machines/machines-page.test.ts\` fails when it is out of date.
A box is a state, a box around boxes is a state with states within it; dashed boxes stand side by side and are all taken at the
same time. A rounded box with a double line is an end. In the tables, what a state reacts to without leaving it has no arrow;
"at once" is tried as soon as the state is entered, and whenever something changes. In square brackets stands the condition.
`;

/** `drawingOf` gives the path of a machine's drawing as seen from the page. */
export function writeMachinesPage(machines: readonly FoundMachine[], drawingOf: (id: string) => string): string {
  const list = machines.map(({ machine, file }) => `- [${machine.id}](#${machine.id}): \`${file}\``);
  const parts = machines.map((found) => writeMachine(found, drawingOf(found.machine.id)));
  return `${preface}\n${list.join("\n")}\n\n${parts.join("\n")}`;
}

function writeMachine({ machine, file }: FoundMachine, drawing: string): string {
  const { description } = machine.root;
  const rows = [machine.root, ...statesOf(machine.root)]
    .map((node) => writeRow(machine, node))
    .filter((row) => row !== "");
  return [
    `## ${machine.id}`,
    `\`${file}\`${description === undefined ? "" : `: ${description}`}`,
    "",
    `![${machine.id}](${drawing})`,
    "",
    "| State | What it is | Reacts to |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function writeRow(machine: AnyStateMachine, node: AnyStateNode): string {
  const reactions = reactionsOf(node).map((reaction) => writeReaction(machine, node, reaction));
  const isRoot = node === machine.root;
  if (isRoot && reactions.length === 0) return "";
  const kind = { final: "an end", parallel: "all within it at the same time", history: "", atomic: "", compound: "" }[
    node.type
  ];
  const runs = isRoot ? [] : node.invoke.map(({ src }) => `runs \`${String(src)}\``);
  const description = isRoot ? "whatever the state" : (node.description ?? "").replace(/\.$/, "");
  const what = [description, kind, ...runs].filter((part) => part !== "");
  return `| ${isRoot ? "*any*" : `\`${pathOf(node)}\``} | ${cell(what.join("; "))} | ${cell(reactions.join("<br>"))} |`;
}

function writeReaction(machine: AnyStateMachine, node: AnyStateNode, reaction: AnyTransitionDefinition): string {
  const target = reaction.target?.map((each) => `\`${pathOf(each) || machine.id}\``).join(", ");
  const trigger = triggerOf(machine, node, reaction);
  return target === undefined || target === "" ? trigger : `${trigger} → ${target}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

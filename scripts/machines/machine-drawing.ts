// The drawing of a machine: its states as nested boxes and its transitions as arrows, laid out by Graphviz.
import { instance } from "@viz-js/viz";
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";
import { reactionsOf, statesOf, triggerOf } from "./machine-words.ts";

const colours = { box: "#f4f6f8", line: "#3b4a59", active: "#1b7f5a", error: "#b3261e", text: "#1d2730" };
const font = "Helvetica,Arial,sans-serif";

/** SVG, the same for the same machine. */
export async function drawMachine(machine: AnyStateMachine): Promise<string> {
  const viz = await instance();
  const drawing = viz.renderString(writeDot(machine), { format: "svg", engine: "dot" });
  const title = `<title>The ${machine.id} machine</title>\n`;
  // What Graphviz says of itself would change with each version of it; a reader's program wants the title outside.
  return drawing
    .replace(/<!--.*?-->\s*/gs, "")
    .replace(/<!DOCTYPE.*?>\s*/s, "")
    .replace(/(<svg[^>]*>\s*)/, `$1${title}`);
}

export function writeDot(machine: AnyStateMachine): string {
  const edges = [machine.root, ...statesOf(machine.root)].flatMap((node) => writeEdges(machine, node));
  return [
    `digraph ${quote(machine.id)} {`,
    `compound=true rankdir=TB pad=0.3 fontname=${quote(font)} bgcolor="white" nodesep=0.3 ranksep=0.45`,
    `node [shape=box style="rounded,filled" fillcolor=${quote(colours.box)} color=${quote(colours.line)} fontname=${quote(font)} fontsize=12 fontcolor=${quote(colours.text)} height=0.3 margin="0.2,0.06"]`,
    `edge [color=${quote(colours.line)} fontname=${quote(font)} fontsize=10 fontcolor=${quote(colours.text)} arrowsize=0.7]`,
    ...writeStates(machine.root),
    ...edges,
    "}",
  ].join("\n");
}

function writeStates(parent: AnyStateNode): readonly string[] {
  const start =
    parent.type === "compound" && parent.initial !== undefined
      ? [`${startId(parent)} [shape=point width=0.1 label=""]`, ...startEdges(parent)]
      : [];
  return [...start, ...Object.values(parent.states).flatMap(writeState)];
}

function writeState(node: AnyStateNode): readonly string[] {
  const isNested = Object.keys(node.states).length > 0;
  if (!isNested) {
    const isEnd = node.type === "final";
    const look = isEnd ? ` peripheries=2 color=${quote(node.key === "failed" ? colours.error : colours.active)}` : "";
    return [`${quote(node.id)} [label=${quote(node.key)}${look}]`];
  }
  const isRegion = node.parent?.type === "parallel";
  return [
    `subgraph ${quote(`cluster_${node.id}`)} {`,
    `label=${quote(node.key)} style=${quote(isRegion ? "rounded,dashed" : "rounded")} color=${quote(colours.line)} fontsize=12 margin=10`,
    ...writeStates(node),
    "}",
  ];
}

function startEdges(parent: AnyStateNode): readonly string[] {
  const [target] = parent.initial.target;
  return target === undefined ? [] : [writeEdge(startId(parent), target, "")];
}

/** Reactions without a target stand in the table only. */
function writeEdges(machine: AnyStateMachine, node: AnyStateNode): readonly string[] {
  const labels = new Map<AnyStateNode, string[]>();
  for (const reaction of reactionsOf(node)) {
    for (const target of reaction.target ?? []) {
      labels.set(target, [...(labels.get(target) ?? []), label(machine, node, reaction)]);
    }
  }
  const from = node === machine.root ? undefined : node;
  return [...labels].flatMap(([target, triggers]) =>
    from === undefined ? [] : [writeEdge(anchorId(from), target, triggers.join("\n"), clusterOf(from))],
  );
}

function label(machine: AnyStateMachine, node: AnyStateNode, reaction: AnyTransitionDefinition): string {
  // Blanks at both ends: the reader's font may be wider than the one that was measured.
  return ` ${triggerOf(machine, node, reaction).replace(" [", "  \n  [")}  `;
}

function writeEdge(from: string, target: AnyStateNode, text: string, tail?: string): string {
  const head = clusterOf(target);
  const attributes = [
    ...(text === "" ? [] : [`label=${quote(text)}`]),
    // An arrow into a box from within it has no border to end at.
    ...(head === undefined || from.startsWith(`"${target.id}.`) || tail === head ? [] : [`lhead=${quote(head)}`]),
    ...(tail === undefined || tail === head || target.id.startsWith(tail.slice("cluster_".length))
      ? []
      : [`ltail=${quote(tail)}`]),
  ];
  return `${from} -> ${anchorId(target)} [${attributes.join(" ")}]`;
}

function clusterOf(node: AnyStateNode): string | undefined {
  return Object.keys(node.states).length > 0 ? `cluster_${node.id}` : undefined;
}

/** An arrow needs a state at its end: of a box with boxes within, that where it starts. */
function anchorId(node: AnyStateNode): string {
  const states = Object.values(node.states);
  if (states.length === 0) return quote(node.id);
  if (node.type === "compound") return startId(node);
  const [first] = states;
  return first === undefined ? quote(node.id) : anchorId(first);
}

function startId(node: AnyStateNode): string {
  return quote(`${node.id}.(start)`);
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

// The machine's status as a page for people and as JSON for programs: the values that its screen shows.
import type { ProcessModel } from "../process-model.ts";
import { valueText } from "../terminal/process-page.ts";

export interface StatusSource {
  readonly title: string;
  readonly process: ProcessModel;
  readonly nowMs: number;
}

export function statusJson({ title, process, nowMs }: StatusSource): string {
  const values = (list: readonly { readonly name: string; readonly value: number; readonly decimals: number }[]) =>
    Object.fromEntries(list.map(({ name, value, decimals }) => [name, Number(value.toFixed(decimals))]));
  const status = {
    title,
    time: new Date(nowMs).toISOString(),
    running: process.isRunning,
    produced: process.produced,
    alarms: process.alarms.active.map(({ text, sinceMs }) => ({ text, since: new Date(sinceMs).toISOString() })),
    values: values(process.signals),
    setPoints: values(process.setPoints),
  };
  return `${JSON.stringify(status, undefined, 2)}\n`;
}

export function statusHtml({ title, process, nowMs }: StatusSource): string {
  const row = (label: string, value: string): string =>
    `<tr><th scope="row">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`;
  const rows = [
    ...process.signals.map((signal) => row(signal.label, valueText(signal))),
    ...process.setPoints.map((point) => row(`${point.label} (set)`, valueText(point))),
    row(process.machine.product, String(process.produced)),
    ...process.alarms.active.map(({ text }) => row("Alarm", text)),
  ];
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>${escapeHtml(title)}</title>`,
    "<style>body{font:16px sans-serif;margin:2em}th{text-align:left;padding-right:2em}td{text-align:right}</style></head>",
    `<body><h1>${escapeHtml(title)}</h1><p>${process.isRunning ? "Running" : "Stopped"}, ${new Date(nowMs).toISOString()}</p>`,
    `<table>${rows.join("\n")}</table><p><a href="/status.json">JSON</a></p></body></html>`,
    "",
  ].join("\n");
}

function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (letter) => names[letter] ?? letter);
}

// The machine's living values as a page of text: what a terminal shows is what the screen and the registers show.
import type { ProcessModel } from "../process-model.ts";
import { bar, type PageLine, type WindowSize } from "./full-screen.ts";

const labelColumns = 22;
const valueColumns = 14;

export function processLines(title: string, process: ProcessModel, nowMs: number, size: WindowSize): PageLine[] {
  const barColumns = Math.max(5, Math.min(40, size.columns - labelColumns - valueColumns - 4));
  const clock = new Date(nowMs).toISOString().slice(11, 19);
  const state = process.isRunning ? "RUNNING" : "STOPPED";
  return [
    { text: ` ${title}   ${clock}   ${state}`, style: "inverse" },
    { text: "" },
    ...process.signals.map((signal) => ({
      text: ` ${signal.label.padEnd(labelColumns)}${valueText(signal).padStart(valueColumns)} ${bar((signal.value - signal.min) / (signal.max - signal.min), barColumns)}`,
      ...(process.alarms.isActive(signal.name) ? { style: "bold" as const } : {}),
    })),
    { text: "" },
    ...process.setPoints.map((point) => ({
      text: ` ${point.label.padEnd(labelColumns)}${valueText(point).padStart(valueColumns)} (${point.min} to ${point.max})`,
    })),
    { text: ` ${process.machine.product.padEnd(labelColumns)}${String(process.produced).padStart(valueColumns)}` },
    { text: ` ${"Active alarms".padEnd(labelColumns)}${String(process.alarms.active.length).padStart(valueColumns)}` },
  ];
}

/** With its unit, and as many decimals as it has. */
export function valueText(of: { readonly value: number; readonly decimals: number; readonly unit: string }): string {
  return `${of.value.toFixed(of.decimals)} ${of.unit}`.trim();
}

// The style sheet of the report: for a wide screen, a phone and paper, with nothing from the network.

export const reportStyle = `
:root { --ink: #1c2733; --soft: #5b6b7b; --line: #d7dee6; --paper: #fff; --wash: #f4f6f9;
  --good: #2e8b57; --busy: #e0a030; --bad: #c8452f; --done: #9aa8b5; --fault: #b3261e; --accent: #1f5fa8; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--wash); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 20px 60px; }
header h1 { margin: 0 0 4px; font-size: 1.55rem; line-height: 1.25; }
.summary { margin: 0 0 14px; color: var(--soft); max-width: 72ch; }
.badge { display: inline-block; padding: 2px 12px; border-radius: 999px; font-weight: 700; letter-spacing: .03em; color: #fff; }
.badge.passed { background: var(--good); } .badge.failed { background: var(--bad); }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 16px 18px; margin: 16px 0; }
h2 { margin: 0 0 10px; font-size: 1.1rem; } h3 { margin: 16px 0 4px; font-size: .82rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); }
dl.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 8px 18px; margin: 0; }
dl.facts div { min-width: 0; } dt { font-size: .75rem; color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .86em/1.45 ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; }
pre { margin: 8px 0 0; padding: 10px 12px; background: var(--wash); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.replay { margin: 12px 0 0; }
.failure { border-left: 6px solid var(--bad); } .failure .what { font-size: 1.05rem; font-weight: 600; margin: 0 0 6px; overflow-wrap: anywhere; }
.failure p { margin: 4px 0; }
details summary { cursor: pointer; color: var(--accent); margin-top: 8px; }
ol.steps-list { margin: 10px 0 0; padding: 0; list-style: none; counter-reset: step; }
ol.steps-list li { display: flex; gap: 10px; padding: 3px 0; border-bottom: 1px dotted var(--line); counter-increment: step; }
ol.steps-list li::before { content: counter(step); flex: 0 0 24px; height: 20px; line-height: 20px; text-align: center; font-size: .75rem; border-radius: 10px; color: #fff; background: var(--accent); }
ol.steps-list time { flex: 0 0 76px; color: var(--soft); font-variant-numeric: tabular-nums; font-size: .85rem; }
.lanes { display: grid; gap: 3px; }
.lane { display: grid; grid-template-columns: 190px 1fr; gap: 10px; align-items: center; }
.lane-name { font-size: .82rem; line-height: 1.2; overflow-wrap: anywhere; } .lane-name small { display: block; color: var(--soft); }
.track { position: relative; height: 20px; background: linear-gradient(var(--line), var(--line)) 0 50% / 100% 1px no-repeat; }
.tall .track { height: 40px; background: none; }
.bar { position: absolute; top: 1px; bottom: 1px; min-width: 2px; border-radius: 3px; color: #fff; font-size: .7rem; line-height: 18px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  .bar:not(:empty) { padding: 0 4px; }
.bar.good { background: var(--good); } .bar.busy { background: var(--busy); color: #3a2a00; } .bar.bad { background: var(--bad); } .bar.done { background: var(--done); }
.bar.fault { background: repeating-linear-gradient(135deg, var(--fault) 0 7px, #cf4a42 7px 14px); }
.axis .track { background: none; border-bottom: 1px solid var(--soft); } .tick { position: absolute; bottom: 0; font-size: .7rem; color: var(--soft); border-left: 1px solid var(--soft); padding-left: 3px; line-height: 1.5; }
.mark { position: absolute; top: 1px; margin-left: -9px; width: 18px; height: 18px; border-radius: 9px; line-height: 18px; text-align: center; font-size: .66rem; color: #fff; background: var(--accent); box-shadow: 0 0 0 1px #fff; }
.none { margin: 2px 0; color: var(--soft); }
.histogram { display: block; width: 100%; height: 40px; background: var(--wash); } .histogram .up { fill: var(--accent); } .histogram .down { fill: #58a0c8; } .histogram .zero { stroke: var(--line); stroke-width: .5; }
.sequence { overflow-x: auto; -webkit-overflow-scrolling: touch; } .sequence svg { display: block; margin: 0 0 10px; font-family: inherit; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0 0 10px; font-size: .8rem; color: var(--soft); } .legend i { display: inline-block; width: 14px; height: 10px; margin-right: 5px; border-radius: 2px; }
svg text { font-size: 11px; fill: var(--ink); } svg .time { fill: var(--soft); font-variant-numeric: tabular-nums; }
.life { stroke: #9fb0c0; stroke-width: 1; stroke-dasharray: 3 3; } .host { fill: var(--ink); } svg .host-name { fill: #fff; font-weight: 600; font-size: 12px; }
.band { fill: var(--fault); fill-opacity: .1; } .step { fill: #e3edf8; stroke: #b9d0ea; } svg .step-text { font-weight: 600; font-size: 12px; }
svg .fault-text { fill: var(--fault); font-weight: 600; } svg .fault-text.end { font-weight: 400; }
.gap { stroke: var(--line); stroke-width: 6; } svg .gap-text { fill: var(--soft); font-style: italic; paint-order: stroke; stroke: #fff; stroke-width: 5px; }
.state { fill: #fff; stroke: #7a8b9b; } svg .state-text { font-size: 10.5px; }
.arrow { stroke: var(--accent); stroke-width: 1.4; } .head { fill: var(--accent); } .arrow.broken { stroke: var(--bad); } .head.broken { fill: var(--bad); } .arrow.unanswered { stroke: var(--soft); stroke-dasharray: 5 3; } .head.unanswered { fill: var(--soft); }
svg .arrow-text { paint-order: stroke; stroke: #fff; stroke-width: 3px; } svg .arrow-text.broken { fill: var(--bad); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .86rem; } th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.fields { overflow-wrap: anywhere; }
tr.error td { color: var(--bad); } tr.warn td { color: #8a5a00; }
footer { color: var(--soft); font-size: .8rem; margin-top: 20px; }
@media (max-width: 640px) {
  main { padding: 14px 10px 40px; } section { padding: 12px 10px; } header h1 { font-size: 1.25rem; }
  .lane { grid-template-columns: 1fr; gap: 0; } .lane-name small { display: inline; margin-left: 6px; } .axis .lane-name, .steps .lane-name { display: none; }
}
@media print {
  @page { margin: 12mm; } body { background: #fff; font-size: 11px; } main { max-width: none; padding: 0; } section { border: 0; padding: 8px 0; margin: 6px 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .sequence { overflow: visible; } .sequence svg { max-width: 100%; height: auto; break-inside: avoid; } .lane, tr, li { break-inside: avoid; }
}
`;

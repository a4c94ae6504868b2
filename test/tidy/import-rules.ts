// Who may import whom (docs/architecture.md): the rules, and what breaks them.
import { posix } from "node:path";
import { findImports, type ImportLine } from "./source-text.ts";

interface Zone {
  /** The files it is about; the first zone that fits a file counts. */
  readonly files: RegExp;
  /** What of ours they may import. */
  readonly ours: readonly RegExp[];
  /** The npm packages they may import; any, if it is left out. */
  readonly packages?: readonly string[];
}

const anything = /./;
const ports = /^hardware\/ports\.ts$/;
const boardSide = /^hardware\/(ports\.ts|boards\/|modem\/)/;
const protocol = /^protocol\//;
const protocolOfGateway = /^protocol\/(?!rfb\/|telnet\/)/;
const linux = /^hardware\/linux\//;
const gatewayPackages = ["xstate", "mqtt", "ws", "zod", "smol-toml"];

const zones: readonly Zone[] = [
  { files: /^(test|bench)\//, ours: [anything] },
  { files: /^protocol\//, ours: [protocol], packages: [] },
  { files: ports, ours: [], packages: [] },
  { files: /^hardware\/boards\//, ours: [ports, /^hardware\/boards\//], packages: [] },
  { files: /^hardware\/modem\//, ours: [ports, /^hardware\/modem\//], packages: [] },
  { files: linux, ours: [ports, linux], packages: ["serialport"] },
  { files: /^hardware\/image\//, ours: [/^hardware\/image\//] },
  {
    files: /^firmware\/main\.ts$/,
    ours: [protocolOfGateway, boardSide, linux, /^firmware\//],
    packages: gatewayPackages,
  },
  {
    files: /^firmware\/serial-console\//,
    ours: [protocolOfGateway, /^protocol\/telnet\//, boardSide, /^firmware\//],
    packages: gatewayPackages,
  },
  { files: /^firmware\//, ours: [protocolOfGateway, boardSide, /^firmware\//], packages: gatewayPackages },
  {
    files: /^simulator\/(site|loopback\/loopback-site)\.ts$/,
    ours: [protocol, boardSide, linux, /^simulator\//, /^firmware\/gateway\.ts$/, /^cloud-stub\/cloud\.ts$/],
  },
  {
    files: /^simulator\/main\.ts$/,
    ours: [protocol, boardSide, linux, /^simulator\//, /^firmware\/gateway\.ts$/, /^cloud-stub\/(cloud|main)\.ts$/],
  },
  // What runs on real sockets and real time.
  { files: /^simulator\/(loopback|serve)\//, ours: [protocol, boardSide, linux, /^simulator\//] },
  { files: /^simulator\//, ours: [protocol, boardSide, /^simulator\//] },
  { files: /^cloud-stub\/console\//, ours: [protocol, /^cloud-stub\/console\//] },
  { files: /^cloud-stub\/main\.ts$/, ours: [protocol, ports, linux, /^cloud-stub\/(?!console\/)/] },
  { files: /^cloud-stub\//, ours: [protocol, ports, /^cloud-stub\/(?!console\/)/] },
  {
    files: /^bin\/(gateway\/[a-z-]+|gateway-command|postern-gateway|run-program)\.ts$/,
    ours: [/^bin\/(gateway\/|gateway-command|run-program)/, /^firmware\/main\.ts$/],
    packages: ["commander"],
  },
  { files: /^bin\/connect\//, ours: [/^bin\//, protocol], packages: ["commander", "ws"] },
  { files: /^bin\//, ours: [/^bin\//, /^(firmware|cloud-stub|simulator)\/main\.ts$/], packages: ["commander"] },
  {
    files: /^scripts\/(write-)?gateway-reference\.ts$/,
    ours: [/^firmware\/config\//, /^scripts\/gateway-reference\.ts$/],
    packages: [],
  },
  { files: /^scripts\/draw-faults\.ts$/, ours: [/^simulator\/faults\//], packages: [] },
  {
    files: /^scripts\/(draw-machines\.ts|machines\/)/,
    ours: [/^scripts\/machines\//],
    packages: ["xstate", "@viz-js/viz"],
  },
  { files: /^scripts\//, ours: [/^scripts\//, /^bin\/pinned-node\.mjs$/], packages: ["esbuild"] },
  { files: /^[a-z.-]+\.ts$/, ours: [], packages: ["vitest"] },
];

/** Each import of the file that the rules do not allow, in words. */
export function importViolations(path: string, text: string): readonly string[] {
  const zone = zones.find(({ files }) => files.test(path));
  if (zone === undefined) return [`${path}: stands in no folder that docs/architecture.md knows`];
  return findImports(text).flatMap((line) => {
    const problem = judge(path, line, zone);
    return problem === undefined ? [] : [`${path}:${line.line}: ${problem}`];
  });
}

function judge(path: string, { specifier, isType }: ImportLine, zone: Zone): string | undefined {
  if (specifier.startsWith("node:")) return undefined;
  const target = ownPath(path, specifier);
  if (target === undefined) return judgePackage(path, specifier, isType, zone);
  const isInside = topFolder(path) === topFolder(target);
  if (!isInside && specifier.startsWith(".")) return `imports ${specifier}: across top-level folders write #${target}`;
  if (isInside && specifier.startsWith("#"))
    return `imports ${specifier}: inside one top-level folder write a relative path`;
  if (!zone.ours.some((allowed) => allowed.test(target))) return `may not import ${target}`;
  if (isMachine(path) && target.endsWith(".actor.ts") && !isType)
    return `a machine decides and may not import ${target}`;
  return undefined;
}

function judgePackage(path: string, specifier: string, isType: boolean, zone: Zone): string | undefined {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (isMachine(path) && name !== "xstate" && !isType) return `a machine imports no package but xstate, not ${name}`;
  if (zone.packages !== undefined && !zone.packages.includes(name)) return `may not import the package ${name}`;
  return undefined;
}

/** The imported file within the project, or undefined for a package. */
function ownPath(path: string, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return specifier.slice(1);
  if (!specifier.startsWith(".")) return undefined;
  return posix.join(posix.dirname(path), specifier);
}

function topFolder(path: string): string {
  const [first = ""] = path.split("/");
  // The console is a program of its own, with its own build.
  return path.startsWith("cloud-stub/console/") ? "cloud-stub/console" : first;
}

function isMachine(path: string): boolean {
  return path.endsWith(".machine.ts");
}

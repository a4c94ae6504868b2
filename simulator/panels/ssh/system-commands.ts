// The shell's commands about the machine: uname, uptime, df, stty, status, top and the like.
import { clearScreen, drawPage, enterFullScreen, leaveFullScreen, usableSize } from "../terminal/full-screen.ts";
import { processLines, valueText } from "../terminal/process-page.ts";
import { type CommandContext, complain, type Outcome, type ShellCommand } from "./command.ts";
import { diskBytesMax } from "./file-system.ts";

const kernel = { name: "Linux", release: "4.9.118-rt", version: "#1 SMP PREEMPT RT", machine: "armv7l" } as const;
/** Between two pictures of `top`. */
const topEveryMs = 2000;
const sleepMsMax = 3_600_000;

export const systemCommands: Readonly<Record<string, ShellCommand>> = {
  uname,
  uptime,
  df,
  stty,
  status,
  top,
  sleep,
  exit: ({ words }) => ({ exit: words[1] === undefined ? -1 : Number.parseInt(words[1], 10) & 0xff }),
  logout: () => ({ exit: -1 }),
  true: () => 0,
  false: () => 1,
  ":": () => 0,
  clear: (context) => {
    context.show(clearScreen);
    return 0;
  },
  hostname: (context) => say(context, context.machine.hostName),
  whoami: (context) => say(context, context.user),
  id: (context) => {
    const { user } = context;
    const number = user === "root" ? 0 : 1000;
    return say(context, `uid=${number}(${user}) gid=${number}(${user})`);
  },
  date: (context) => say(context, new Date(context.machine.clock.nowMs()).toUTCString()),
  env: (context) => {
    for (const [name, value] of context.environment) context.out(`${name}=${value}\n`);
    return 0;
  },
  echo: (context) => {
    const isBare = context.words[1] === "-n";
    context.out(`${context.words.slice(isBare ? 2 : 1).join(" ")}${isBare ? "" : "\n"}`);
    return 0;
  },
};

function say(context: CommandContext, line: string): 0 {
  context.out(`${line}\n`);
  return 0;
}

function uname(context: CommandContext): number {
  const option = context.words[1] ?? "-s";
  const { hostName } = context.machine;
  const answers: Readonly<Record<string, string>> = {
    "-s": kernel.name,
    "-n": hostName,
    "-r": kernel.release,
    "-v": kernel.version,
    "-m": kernel.machine,
    "-a": `${kernel.name} ${hostName} ${kernel.release} ${kernel.version} ${kernel.machine} GNU/Linux`,
  };
  const answer = answers[option];
  return answer === undefined ? complain(context, `invalid option -- '${option.slice(1)}'`) : say(context, answer);
}

function uptime(context: CommandContext): number {
  const { clock, sessions } = context.machine;
  const now = new Date(clock.nowMs()).toISOString().slice(11, 19);
  return say(
    context,
    ` ${now} up ${upText(context)},  ${sessions} user${sessions === 1 ? "" : "s"},  load average: ${loadText(context)}`,
  );
}

function upText({ machine }: CommandContext): string {
  const minutes = Math.floor((machine.clock.monotonicMs() - machine.bootedAtMs) / 60_000);
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  const clock = hours > 0 ? `${hours}:${String(rest).padStart(2, "0")}` : `${rest} min`;
  return days > 0 ? `${days} day${days === 1 ? "" : "s"}, ${clock}` : clock;
}

/** The busier the machine, the busier its computer. */
function loadText({ machine }: CommandContext): string {
  machine.process.advanceTo(machine.clock.nowMs());
  const shares = machine.process.signals.map(({ value, min, max }) => (value - min) / (max - min));
  const load = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return [load, load * 0.9, load * 0.8].map((part) => part.toFixed(2)).join(", ");
}

function df(context: CommandContext): number {
  const total = diskBytesMax / 1024;
  const used = Math.min(total, Math.ceil(context.machine.files.usedBytes / 1024));
  const share = Math.round((used / total) * 100);
  context.out("Filesystem     1K-blocks      Used Available Use% Mounted on\n");
  const numbers = [total, used, total - used].map((number) => String(number).padStart(9)).join(" ");
  return say(context, `/dev/mmcblk0p2 ${numbers} ${String(share).padStart(3)}% /`);
}

function stty(context: CommandContext): number {
  const size = context.size();
  if (size === undefined) return complain(context, "'standard input': Inappropriate ioctl for device");
  if (context.words[1] === "size") return say(context, `${size.rows} ${size.columns}`);
  if (context.words.length > 1) return complain(context, `invalid argument '${context.words[1]}'`);
  return say(context, `speed 38400 baud; rows ${size.rows}; columns ${size.columns};`);
}

/** What the machine does, a value a line: for programs that read it over exec. */
function status(context: CommandContext): number {
  const { process, clock } = context.machine;
  process.advanceTo(clock.nowMs());
  context.out(`machine: ${process.isRunning ? "running" : "stopped"}\n`);
  for (const signal of process.signals) context.out(`${signal.name}: ${valueText(signal)}\n`);
  for (const point of process.setPoints) context.out(`set ${point.name}: ${valueText(point)}\n`);
  return say(context, `produced: ${process.produced}`);
}

function sleep(context: CommandContext): Outcome {
  const seconds = Number(context.words[1]);
  if (!(seconds >= 0)) return complain(context, `invalid time interval '${context.words[1] ?? ""}'`);
  const { clock } = context.machine;
  return {
    start: (finished) => {
      const timer = clock.setTimeout(() => finished(0), Math.min(sleepMsMax, Math.round(seconds * 1000)));
      const stop = (): void => {
        clock.clearTimeout(timer);
        finished(130);
      };
      return { reads: "nothing", stop };
    },
  };
}

/** The machine's values on the whole window, drawn anew every two seconds and when the window changes. `q` ends it. */
function top(context: CommandContext): Outcome {
  const size = context.size();
  if (size === undefined || !context.isOnTerminal) return complain(context, "failed tty get");
  const { machine } = context;
  const { clock, process } = machine;
  return {
    start: (finished) => {
      let timer: ReturnType<typeof clock.setTimeout> | undefined;
      const draw = (): void => {
        clock.clearTimeout(timer);
        timer = clock.setTimeout(draw, topEveryMs);
        // A window that takes nothing is not drawn again until it does.
        if (!context.hasRoom()) return;
        process.advanceTo(clock.nowMs());
        const window = usableSize(context.size() ?? size);
        const load = ` load average: ${loadText(context)}   up ${upText(context)}   users ${machine.sessions}`;
        const lines = [{ text: load }, ...processLines(machine.title, process, clock.nowMs(), window)];
        const foot = { text: ` ${window.columns} x ${window.rows}   q quit`, style: "inverse" as const };
        context.show(drawPage(lines, foot, window));
      };
      const stop = (exitStatus: number): void => {
        clock.clearTimeout(timer);
        context.show(leaveFullScreen);
        finished(exitStatus);
      };
      context.show(enterFullScreen);
      draw();
      return {
        reads: "keys",
        input: (bytes) => {
          if (/[qQ]/.test(Buffer.from(bytes).toString())) stop(0);
        },
        resized: draw,
        stop: () => stop(130),
      };
    },
  };
}

// What a person types at a terminal panel, and what the panel must show of it: each letter once, in order, with its answer.

/** Size of the window, in characters. */
export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

/** One thing that the person does. */
export type Step =
  | { readonly kind: "line"; readonly text: string; readonly answer: string }
  | { readonly kind: "size"; readonly size: WindowSize };

/** How one sort of panel talks. */
export interface TerminalSpeech {
  /** What it shows when it takes a line; the same each time. */
  readonly prompt: string;
  /** The n-th thing that person `id` types, and what is shown behind its echo. */
  line(id: number, at: number): { readonly text: string; readonly answer: string };
  /** How its size is asked for, where that can be seen; and what it says. */
  readonly sizeLine?: string;
  readonly logOut: { readonly text: string; readonly answer: string };
}

export const firstSize: WindowSize = { columns: 80, rows: 24 };

export function sshSpeech(panel: string): TerminalSpeech {
  return {
    prompt: `root@${panel}:/root# `,
    line: (id, at) => ({
      text: `echo ${wordOf(id, at)} >> ${fileOf(id)}; echo ${wordOf(id, at)}`,
      answer: `${wordOf(id, at)}\r\n`,
    }),
    sizeLine: "stty size",
    logOut: { text: "exit", answer: "" },
  };
}

/** Where the panel keeps what person `id` has typed. */
export function fileOf(id: number): string {
  return `/tmp/t${id}`;
}

export function telnetSpeech(title: string): TerminalSpeech {
  const menu = [
    ...["", `${title}  MAIN MENU`, "", "  1  Process values", "  2  Set points", "  3  Alarms"],
    ...["  4  Stop the machine", "  9  Log out", ""],
  ];
  return {
    prompt: `${menu.map((line) => `${line}\r\n`).join("")}Choice: `,
    line: (id, at) => ({
      text: wordOf(id, at),
      answer: `There is no ${wordOf(id, at)} in this menu.\r\n`,
    }),
    logOut: { text: "9", answer: "Goodbye.\r\n" },
  };
}

/** What the person does, in order; every `resizesEvery` lines the window gets another size. */
export function stepsOf(
  speech: TerminalSpeech,
  { id, lines, resizesEvery }: { readonly id: number; readonly lines: number; readonly resizesEvery: number },
): readonly Step[] {
  return Array.from({ length: lines }, (_, at): readonly Step[] => {
    const line: Step = { kind: "line", ...speech.line(id, at) };
    if (resizesEvery === 0 || (at + 1) % resizesEvery !== 0) return [line];
    const size = { columns: 60 + ((id * 7 + at * 13) % 80), rows: 20 + ((id + at) % 30) };
    const asks: readonly Step[] =
      speech.sizeLine === undefined
        ? []
        : [{ kind: "line", text: speech.sizeLine, answer: `${size.rows} ${size.columns}\r\n` }];
    return [line, { kind: "size", size }, ...asks];
  }).flat();
}

/** All that is shown from the first prompt on when so many lines have been typed and answered. */
export function expectedShow(
  { prompt }: TerminalSpeech,
  typed: readonly { readonly text: string; readonly answer: string }[],
  isLoggedOut: boolean,
): string {
  const lines = typed.map(({ text, answer }) => `${prompt}${text}\r\n${answer}`).join("");
  return isLoggedOut ? lines : `${lines}${prompt}`;
}

export function wordOf(id: number, at: number): string {
  return `t${id}-${at}`;
}

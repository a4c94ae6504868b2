// The shell of the SSH panel without SSH: its line, its commands, its disk, and bytes that nobody should send.
import fc from "fast-check";
import ssh2 from "ssh2";
import { describe, expect, it } from "vitest";
import { machines, ProcessModel } from "#simulator/panels/process-model.ts";
import { parseCommandLine } from "#simulator/panels/ssh/command-line.ts";
import { diskBytesMax, entriesMax, FileError, FileSystem } from "#simulator/panels/ssh/file-system.ts";
import { ed25519HostKey } from "#simulator/panels/ssh/host-keys.ts";
import { Shell } from "#simulator/panels/ssh/shell.ts";
import { LineEditor, lineLengthMax } from "#simulator/panels/terminal/line-editor.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock, storyStartsAtMs } from "#simulator/simulated-clock.ts";

const stillClock = {
  nowMs: () => storyStartsAtMs,
  monotonicMs: () => 0,
  setTimeout: () => ({ timer: undefined }),
  clearTimeout: () => undefined,
};

const home = "/root";

function bench(
  size?: { columns: number; rows: number },
  clock: ConstructorParameters<typeof Shell>[0]["machine"]["clock"] = stillClock,
) {
  const files = new FileSystem(() => clock.nowMs(), { [`${home}/notes.txt`]: "one\ntwo\n", "/tmp/": "" });
  const process = new ProcessModel(machines.press, 1, clock.nowMs());
  const machine = { hostName: "hmi", title: "PRESS", clock, bootedAtMs: 0, files, process, sessions: 1 };
  const said = { out: "", err: "", status: undefined as number | undefined };
  const shell = new Shell({
    ...{ machine, user: "root", size },
    ends: {
      out: (bytes) => {
        said.out += Buffer.from(bytes).toString("latin1");
      },
      err: (bytes) => {
        said.err += Buffer.from(bytes).toString();
      },
      hasRoom: () => true,
      wantsInput: () => undefined,
      exit: (status) => {
        said.status = status;
      },
    },
  });
  return { shell, said, files, process };
}

function run(line: string, make: (files: FileSystem) => void = () => undefined) {
  const { shell, said, files } = bench();
  make(files);
  shell.startCommand(line);
  return { ...said, out: Buffer.from(said.out, "latin1").toString(), files };
}

describe("a line of the shell", () => {
  it.each([
    [`echo a  'b  c' "d e" f\\ g`, "a b  c d e f g\n"],
    [`X=1; echo $X "\${X}" '$X' \\$X "\\$X" a$X-b`, "1 1 $X $X $X a1-b\n"],
    ['echo $NOTHING a "$NOTHING" b', "a  b\n"],
    ["false; echo $?; nothing 2>/dev/null; echo $?", "1\n127\n"],
    ["true && echo yes || echo no; false && echo yes || echo no", "yes\nno\n"],
    ["echo -n a; echo b # and nothing more", "ab\n"],
    ["echo a > f; echo b >> f; cat f; echo c >f; cat < f || cat f", "a\nb\n"],
    ["cd /tmp; pwd; cd ..; pwd; cd; pwd", "/tmp\n/\n/root\n"],
    ["mkdir -p a/b; touch a/b/c; ls a/b; rm -r a; ls", "c\nnotes.txt\n"],
    ["ls nothing 2>&1; cat /root 2>&1", "ls: nothing: No such file or directory\ncat: /root: Is a directory\n"],
    ["uname; uname -m; hostname; whoami", "Linux\narmv7l\nhmi\nroot\n"],
    ["exit 300", ""],
    ["", ""],
  ])("%s", (line, out) => {
    const result = run(line);
    if (line.includes("<"))
      expect(result).toMatchObject({ out: "", err: "sh: <: not supported by this shell\n", status: 2 });
    else expect(result.out).toBe(out);
  });

  it.each([
    ["echo 'a", "syntax error: unterminated quoted string"],
    ["; echo", 'syntax error: ";" unexpected'],
    ["echo &&", 'syntax error: "newline" unexpected'],
    ["echo >", 'syntax error: "newline" unexpected'],
    ["echo | cat", "|: not supported by this shell"],
    ["sleep 1 &", "&: not supported by this shell"],
  ])("%s is refused as a whole", (line, words) => {
    expect(run(line)).toMatchObject({ out: "", err: `sh: ${words}\n`, status: 2 });
  });

  it("ends with the status that is asked for, or that of what ran last", () => {
    expect([run("exit 300").status, run("false; exit").status, run("exit 0; echo").status]).toEqual([44, 1, 0]);
  });

  it("tells the machine's values, one a line", () => {
    const { shell, said, process } = bench();
    shell.startCommand("status");
    const [signal] = process.signals;
    expect(said.out).toContain(`${signal!.name}: ${signal!.value.toFixed(signal!.decimals)} ${signal!.unit}\n`);
    expect(said.status).toBe(0);
  });

  it("is never a crash, whatever stands in it", () => {
    const words = fc.constantFrom(
      "echo",
      "cat",
      "ls",
      "rm",
      "-r",
      "/",
      "..",
      ">",
      ">>",
      "2>",
      ";",
      "&&",
      "||",
      "'",
      '"',
      "$",
      "${",
      "\\",
      "/dev/null",
      "mkdir",
      "exit",
      "uname",
      "constructor",
      "cd",
      "*",
      "top",
      "sleep",
      "stty",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }), (parts) => {
        const { shell, said } = bench();
        shell.startCommand(parts.join(" "));
        shell.inputEnded();
        shell.hangUp();
        expect(said.status === undefined || (said.status >= 0 && said.status < 256)).toBe(true);
      }),
      { numRuns: 500, seed: 7 },
    );
    expect(() => parseCommandLine("x".repeat(20_000))).toThrow("line too long");
  });
});

describe("what is typed to a shell", () => {
  const story = Buffer.from(
    "echo Grü\x7füße\r\ncat\r\nline 漢\r\x04top\rqecho $?\r\x1b[A\x1b[31mx\x08\r\x15half\x17\x03\0exit 3\r\n",
  );
  const typed = (pieces: readonly Uint8Array[]) => {
    const { shell, said } = bench({ columns: 60, rows: 20 });
    shell.startShell();
    for (const piece of pieces) shell.input(piece);
    return said;
  };

  it("means the same in whatever pieces it comes, on a terminal and without one", () => {
    const whole = typed([story]);
    expect(whole).toMatchObject({ status: 3, err: "" });
    expect(Buffer.from(whole.out, "latin1").toString()).toContain("Grüße\r\n");
    expect(typed([...story].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
    const plain = Buffer.from("echo Grüße\ncat\nbytes \xff\n");
    const fed = (pieces: readonly Uint8Array[]) => {
      const { shell, said } = bench();
      shell.startShell();
      for (const piece of pieces) shell.input(piece);
      shell.inputEnded();
      return said;
    };
    const wholeFed = fed([plain]);
    expect(wholeFed.status).toBe(0);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 10 }), (places) => {
        expect(typed(cut(story, places))).toEqual(whole);
        expect(fed(cut(plain, places))).toEqual(wholeFed);
      }),
      { numRuns: 200, seed: 8 },
    );
  });

  it("waits behind a program that does not read, up to 4096 letters", async () => {
    using clock = SimulatedClock.start();
    const { shell, said } = bench({ columns: 80, rows: 24 }, clock);
    shell.startShell();
    // Fourteen letters each: 292 of them fit.
    shell.input(Buffer.from(`sleep 1\r${"echo 12345678\r".repeat(1000)}`));
    await clock.advance(1100);
    expect(said.out.match(/\r\n12345678\r\n/g)).toHaveLength(292);
  });

  it("crashes nothing, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isTerminal) => {
        const { shell } = bench(isTerminal ? { columns: 0, rows: 0 } : undefined);
        shell.startShell();
        shell.input(bytes);
        shell.resize({ columns: 100_000, rows: 1 });
        shell.inputEnded();
      }),
      { numRuns: 300, seed: 9 },
    );
  });
});

describe("the line that is typed", () => {
  function editor() {
    let shown = "";
    const line = new LineEditor({
      show: (text) => {
        shown += text;
      },
      hasHistory: true,
    });
    const types = (text: string) => [...text].flatMap((letter) => line.take(letter) ?? []);
    return { line, types, shown: () => shown };
  }

  it("is one for CR, CR LF, CR NUL and LF", () => {
    const { types } = editor();
    expect(types("a\rb\r\nc\r\0d\n")).toEqual(["a", "b", "c", "d"].map((text) => ({ kind: "line", text })));
  });

  it("loses a letter with its marks, and as many columns as it has", () => {
    const { types, line, shown } = editor();
    types("e\u0301漢\x7f\x7f");
    expect(line.text).toBe("");
    expect(shown()).toBe("e\u0301漢\b \b\b \b\b \b");
  });

  it("takes no more than its limit, and rings", () => {
    const { types, line, shown } = editor();
    types("x".repeat(lineLengthMax + 3));
    expect(line.text).toHaveLength(lineLengthMax);
    expect(shown().endsWith("x\x07\x07\x07")).toBe(true);
  });
});

describe("the disk", () => {
  it("has room for so much and so many, and gives it back", () => {
    const files = new FileSystem(() => 0, {});
    files.write("/a", Buffer.alloc(diskBytesMax));
    expect(() => files.write("/b", Buffer.alloc(1))).toThrow(new FileError("No space left on device"));
    files.remove("/a");
    files.write("/b", Buffer.alloc(diskBytesMax - 1));
    files.write("/b", Buffer.alloc(1), "append");
    expect(() => files.write("/b", Buffer.alloc(1), "append")).toThrow("No space left");
    let made = 0;
    expect(() => {
      for (;;) files.touch(`/file ${made++}`);
    }).toThrow("No space left on device");
    expect(made).toBeLessThanOrEqual(entriesMax);
    expect(() => files.makeFolder(`/${"n".repeat(256)}`)).toThrow("File name too long");
    expect(() => files.remove("/")).toThrow("Device or resource busy");
    expect(() => files.remove("/dev", true)).toThrow("Device or resource busy");
  });
});

describe("a host key", () => {
  it("is one that ssh2 reads, for each of a thousand seeds, and signs for its public half", () => {
    for (let seed = 0; seed < 1000; seed += 1) {
      const { privateKey, publicLine } = ed25519HostKey(new SeededRandom(seed));
      const key = ssh2.utils.parseKey(privateKey);
      if (key instanceof Error) throw key;
      expect(`ssh-ed25519 ${key.getPublicSSH().toString("base64")}`).toBe(publicLine);
      if (seed % 100 !== 0) continue;
      const known = ssh2.utils.parseKey(publicLine);
      if (known instanceof Error) throw known;
      expect(known.verify(Buffer.from("text"), key.sign(Buffer.from("text")))).toBe(true);
    }
  });
});

function cut(bytes: Buffer, places: readonly number[]): readonly Uint8Array[] {
  const ends = [...new Set([...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

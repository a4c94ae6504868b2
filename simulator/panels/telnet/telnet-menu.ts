// The numbered menu of a Telnet panel, as controllers and switches have one: values, set points, alarms, start and stop.
import type { Clock } from "#hardware/ports.ts";
import type { ProcessModel } from "../process-model.ts";
import { valueText } from "../terminal/process-page.ts";

/** The newest of the list that are shown. */
const alarmsShown = 10;

export type Question = (answer: string) => void;

export interface MenuPanel {
  readonly title: string;
  readonly clock: Clock;
  readonly process: ProcessModel;
}

export interface MenuTerminal {
  show(text: string): void;
  /** Shows the prompt; `question` gets the next line that is typed. */
  ask(prompt: string, question: Question): void;
  /** Shows the page of living values. */
  watches(): void;
  logsOut(): void;
}

export class TelnetMenu {
  readonly #panel: MenuPanel;
  readonly #terminal: MenuTerminal;

  constructor(panel: MenuPanel, terminal: MenuTerminal) {
    this.#panel = panel;
    this.#terminal = terminal;
  }

  open(): void {
    const { title, process } = this.#panel;
    const lines = [
      ...["", `${title}  MAIN MENU`, ""],
      "  1  Process values",
      "  2  Set points",
      "  3  Alarms",
      `  4  ${process.isRunning ? "Stop" : "Start"} the machine`,
      "  9  Log out",
      "",
    ];
    this.#terminal.show(lines.map((line) => `${line}\r\n`).join(""));
    this.#terminal.ask("Choice: ", (choice) => this.#chosen(choice));
  }

  #chosen(choice: string): void {
    switch (choice) {
      case "1":
        this.#terminal.watches();
        return;
      case "2":
        this.#setPoints();
        return;
      case "3":
        this.#alarms();
        return;
      case "4":
        this.#startsOrStops();
        return;
      case "9":
        this.#terminal.logsOut();
        return;
      default:
        if (choice !== "") this.#terminal.show(`There is no ${choice.slice(0, 20)} in this menu.\r\n`);
        this.open();
    }
  }

  #startsOrStops(): void {
    const { process, clock } = this.#panel;
    process.advanceTo(clock.nowMs());
    process.isRunning = !process.isRunning;
    this.#terminal.show(`The machine ${process.isRunning ? "runs" : "stops"}.\r\n`);
    this.open();
  }

  #setPoints(): void {
    const { setPoints } = this.#panel.process;
    const lines = setPoints.map(
      (point, index) => `  ${index + 1}  ${point.label}: ${valueText(point)} (${point.min} to ${point.max})\r\n`,
    );
    this.#terminal.show(`\r\nSET POINTS\r\n\r\n${lines.join("")}`);
    this.#terminal.ask("\r\nNumber, or Enter for the menu: ", (number) => {
      const point = setPoints[Number(number) - 1];
      if (point === undefined) this.open();
      else this.#terminal.ask(`${point.label}: `, (value) => this.#sets(point.name, value));
    });
  }

  #sets(name: string, value: string): void {
    // An empty line would be the number 0.
    const outcome = value === "" ? "out-of-range" : this.#panel.process.setsPoint(name, Number(value));
    this.#terminal.show(outcome === "set" ? "Set.\r\n" : "Not set: the value is out of range.\r\n");
    this.#setPoints();
  }

  #alarms(): void {
    const { process, clock } = this.#panel;
    process.advanceTo(clock.nowMs());
    const lines = process.alarms.entries.slice(0, alarmsShown).map(({ sinceMs, goneMs, text }) => {
      const since = new Date(sinceMs).toISOString().slice(11, 19);
      return `  ${since} ${goneMs === undefined ? "active" : "over  "} ${text}\r\n`;
    });
    this.#terminal.show(`\r\nALARMS, newest first\r\n\r\n${lines.join("") || "  none\r\n"}`);
    this.#terminal.ask("\r\na acknowledges, Enter for the menu: ", (answer) => {
      if (answer.toLowerCase() === "a") process.alarms.acknowledge();
      this.open();
    });
  }
}

// What a healthy modem answers to each command (3GPP TS 27.007), from what it knows of its SIM and its network.

export type SimState = "ready" | "absent" | "pin-required" | "puk-required";

/** As +CREG and +CEREG number them. */
export const registrationCodes = { none: 0, home: 1, searching: 2, denied: 3, unknown: 4, roaming: 5 } as const;
export type Registration = keyof typeof registrationCodes;

export interface ModemFacts {
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  readonly imei: string;
  readonly iccid: string;
  readonly imsi: string;
  readonly operator: { readonly name: string; readonly number: string };
  /** Where it is, in hexadecimal as +CREG shows it. */
  readonly cell: { readonly area: string; readonly id: string };
}

/** What the commands read and change. */
export interface ModemState {
  readonly facts: ModemFacts;
  readonly sim: SimState;
  readonly registration: Registration;
  /** 0 to 31, or undefined while no network is heard. */
  readonly signal: number | undefined;
  isEchoing: boolean;
  /** +CMEE: 0 "ERROR", 1 numbers, 2 words. */
  errorForm: number;
  /** +CREG=n, +CGREG=n and +CEREG=n: 1 and 2 tell of changes. */
  readonly tells: Map<string, number>;
  /** +COPS=3,n: 0 the long name, 1 the short one of 8 characters at most, 2 the number. */
  operatorForm: number;
  /** +CFUN: 0 off, 1 on, 4 flight mode. */
  power: number;
  powerIs(power: number): void;
  enterPin(pin: string): boolean;
  restart(): void;
}

export interface ModemAnswer {
  readonly lines: readonly string[];
  readonly result: string;
  /** What the network adds to the modem's own time, in ms. */
  readonly takesMs?: number;
}

const ok = (...lines: string[]): ModemAnswer => ({ lines, result: "OK" });

const errors = {
  notAllowed: 3,
  notInserted: 10,
  pinRequired: 11,
  pukRequired: 12,
  wrongPassword: 16,
  unknown: 100,
} as const;
const errorWords: Readonly<Record<number, string>> = {
  3: "operation not allowed",
  10: "SIM not inserted",
  11: "SIM PIN required",
  12: "SIM PUK required",
  16: "incorrect password",
  100: "unknown",
};
/** TS 27.007 section 7.3: the short form of an operator's name. */
const shortNameMax = 8;
/** Asking the network for its name takes its time. */
const operatorMs = 300;

function failed(state: ModemState, code: number): ModemAnswer {
  const word = [undefined, String(code), errorWords[code] ?? "unknown"][state.errorForm];
  return { lines: [], result: word === undefined ? "ERROR" : `+CME ERROR: ${word}` };
}

/** Of a command that only a modem with a usable SIM can answer. */
function withSim(state: ModemState, answer: () => ModemAnswer): ModemAnswer {
  if (state.sim === "absent") return failed(state, errors.notInserted);
  if (state.sim === "pin-required") return failed(state, errors.pinRequired);
  if (state.sim === "puk-required") return failed(state, errors.pukRequired);
  return answer();
}

function registration(state: ModemState, name: string): ModemAnswer {
  return ok(`${name}: ${state.tells.get(name) ?? 0},${registrationWords(state, name)}`);
}

/** "1" or, where the form asks for it, `1,"1A2B","01C3D4E5",7`. */
export function registrationWords(state: ModemState, name: string): string {
  const code = String(registrationCodes[state.registration]);
  const isThere = state.registration === "home" || state.registration === "roaming";
  const { area, id } = state.facts.cell;
  return state.tells.get(name) === 2 && isThere ? `${code},"${area}","${id}",7` : code;
}

function operator(state: ModemState): ModemAnswer {
  if (state.registration !== "home" && state.registration !== "roaming")
    return { ...ok("+COPS: 0"), takesMs: operatorMs };
  const { name, number } = state.facts.operator;
  const shown = [name, shortName(name), number][state.operatorForm] ?? name;
  return { ...ok(`+COPS: 0,${state.operatorForm},"${shown}",7`), takesMs: operatorMs };
}

/** Of whole words, where there is one that fits. */
function shortName(name: string): string {
  const [first = ""] = name.split(" ");
  return (name.length <= shortNameMax ? name : first).slice(0, shortNameMax);
}

function simState(state: ModemState): ModemAnswer {
  if (state.sim === "absent") return failed(state, errors.notInserted);
  return ok(`+CPIN: ${state.sim === "ready" ? "READY" : state.sim === "pin-required" ? "SIM PIN" : "SIM PUK"}`);
}

type Answering = (state: ModemState) => ModemAnswer;

const fixed: Readonly<Record<string, Answering>> = {
  I: ({ facts }) => ok(facts.manufacturer, facts.model, `Revision: ${facts.firmware}`),
  "+CGMI": ({ facts }) => ok(facts.manufacturer),
  "+CGMM": ({ facts }) => ok(facts.model),
  "+CGMR": ({ facts }) => ok(facts.firmware),
  "+CGSN": ({ facts }) => ok(facts.imei),
  "+CIMI": (state) => withSim(state, () => ok(state.facts.imsi)),
  "+CCID": (state) => withSim(state, () => ok(`+CCID: ${state.facts.iccid}`)),
  "+ICCID": (state) => withSim(state, () => ok(`+ICCID: ${state.facts.iccid}`)),
  "+QCCID": (state) => withSim(state, () => ok(`+QCCID: ${state.facts.iccid}`)),
  "+CPIN?": simState,
  "+CSQ=?": () => ok("+CSQ: (0-31,99),(0-7,99)"),
  "+CPIN=?": () => ok(),
  "+CMEE=?": () => ok("+CMEE: (0-2)"),
  "+CFUN=?": () => ok("+CFUN: (0,1,4),(0,1)"),
  "+CSQ": (state) => ok(`+CSQ: ${state.signal ?? 99},99`),
  "+COPS?": operator,
  "+CFUN?": (state) => ok(`+CFUN: ${state.power}`),
  "+CMEE?": (state) => ok(`+CMEE: ${state.errorForm}`),
  "+CGATT?": (state) => ok(`+CGATT: ${state.registration === "home" || state.registration === "roaming" ? 1 : 0}`),
};

const settings: readonly (readonly [RegExp, (state: ModemState, values: readonly string[]) => ModemAnswer])[] = [
  [
    /^E([01]?)$/,
    (state, [, value]) => {
      state.isEchoing = value === "1";
      return ok();
    },
  ],
  [/^(Z|&F)\d?$/, (state) => resetSettings(state)],
  [/^(V1|Q0|H0?|X\d|&[CDW]\d?)$/, () => ok()],
  [/^(\+C(?:E|G)?REG)=\?$/, (_state, [, name = ""]) => ok(`${name}: (0-2)`)],
  [/^(\+C(?:E|G)?REG)\?$/, (state, [, name = ""]) => registration(state, name)],
  [
    /^(\+C(?:E|G)?REG)=([012])$/,
    (state, [, name = "", value]) => {
      state.tells.set(name, Number(value));
      return ok();
    },
  ],
  [
    /^\+CMEE=([012])$/,
    (state, [, value]) => {
      state.errorForm = Number(value);
      return ok();
    },
  ],
  [
    /^\+COPS=(?:0|3)(?:,([0-2]))?$/,
    (state, [, value = state.operatorForm]) => {
      state.operatorForm = Number(value);
      return ok();
    },
  ],
  [
    /^\+CPIN="?(\d{4,8})"?$/,
    (state, [, pin = ""]) => {
      if (state.sim !== "pin-required") return failed(state, errors.notAllowed);
      return state.enterPin(pin) ? ok() : failed(state, errors.wrongPassword);
    },
  ],
  [
    /^\+CFUN=([014])(,1)?$/,
    (state, [, power, isRestart]) => {
      if (isRestart === undefined) state.powerIs(Number(power));
      else state.restart();
      return ok();
    },
  ],
  [/^\+(CGDCONT|CGACT|CGATT)=/, (state) => withSim(state, () => ok())],
];

/** What V.250 calls the factory's settings. */
export function resetSettings(state: ModemState): ModemAnswer {
  state.isEchoing = true;
  state.errorForm = 0;
  state.operatorForm = 0;
  state.tells.clear();
  return ok();
}

export function answerCommand(state: ModemState, command: string): ModemAnswer {
  const known = fixed[command];
  if (known !== undefined) return known(state);
  for (const [syntax, answer] of settings) {
    const match = syntax.exec(command);
    if (match !== null) return answer(state, [...match]);
  }
  return failed(state, errors.unknown);
}

// One look at a modem: who it is, its SIM, its network and its signal; and how it is restarted.
import type { AtAnswer, AtCommand, AtSession } from "./at-session.ts";
import { dialectOf, genericDialect, type ModemDialect } from "./modem-dialects.ts";
import {
  bestRegistration,
  type Cell,
  iccidOf,
  imeiOf,
  imsiOf,
  type NetworkRegistration,
  networkCodes,
  operatorOf,
  registrationOf,
  type SimState,
  signalOfCesq,
  signalOfCsq,
  simOf,
  wordsOf,
} from "./modem-facts.ts";

export interface ModemIdentity {
  readonly maker: string;
  readonly model: string;
  readonly firmware: string;
  readonly imei?: string;
}

export interface ModemFacts extends ModemIdentity {
  readonly sim: SimState;
  readonly iccid?: string;
  readonly imsi?: string;
  readonly registration: NetworkRegistration;
  readonly operator?: string;
  /** Mobile country and network code. */
  readonly mcc?: string;
  readonly mnc?: string;
  readonly cell?: Cell;
  readonly signalDbm?: number;
}

export type ModemReading =
  | { readonly kind: "facts"; readonly facts: ModemFacts }
  /** It is there and does not answer. */
  | { readonly kind: "silent" }
  | { readonly kind: "gone"; readonly why: string };

/** Names asked for may come from the network. */
const operatorMs = 20_000;
/** A modem that was asleep, or amid noise, may miss the first. */
const greetings = 3;
const greetingMs = 2_000;
const resetMs = 10_000;

/** Thrown inside a look: what it ends with. */
class LookEnds extends Error {
  readonly reading: ModemReading;

  constructor(reading: ModemReading) {
    super("the modem does not answer");
    this.reading = reading;
  }
}

/** Never rejects. */
export async function readModem(session: AtSession): Promise<ModemReading> {
  try {
    return { kind: "facts", facts: await look(session) };
  } catch (error) {
    if (error instanceof LookEnds) return error.reading;
    throw error;
  }
}

async function look(session: AtSession): Promise<ModemFacts> {
  const ask = (text: string, answers?: RegExp, timeoutMs?: number): Promise<AtAnswer> =>
    askFirmly(session, {
      text,
      ...(answers === undefined ? {} : { answers }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  await greet(session);
  // Errors as numbers, which are the same in all languages.
  await ask("+CMEE=1");
  const identity = await readIdentity(ask);
  const sim = simOf(await ask("+CPIN?", /^\+CPIN:/i));
  const card = sim === "ready" ? await readCard(ask, dialectOf(identity.maker)) : {};
  const registered = await readRegistration(ask);
  const isIn = registered.registration === "home" || registered.registration === "roaming";
  const operator = isIn ? await readOperator(ask) : {};
  const signalDbm = signalOfCsq(await ask("+CSQ", /^\+CSQ:/i)) ?? signalOfCesq(await ask("+CESQ", /^\+CESQ:/i));
  return {
    ...identity,
    sim,
    ...card,
    ...registered,
    ...operator,
    ...(signalDbm === undefined ? {} : { signalDbm }),
  };
}

type Ask = (text: string, answers?: RegExp, timeoutMs?: number) => Promise<AtAnswer>;

async function greet(session: AtSession): Promise<void> {
  for (let greeting = 1; greeting <= greetings; greeting += 1) {
    const answer = await session.ask({ text: "E0", timeoutMs: greetingMs });
    if (answer.kind === "gone") throw new LookEnds(answer);
    if (answer.kind !== "silent") return;
  }
  throw new LookEnds({ kind: "silent" });
}

/** A refusal is an answer; silence in the midst of a look is none. */
async function askFirmly(session: AtSession, command: AtCommand): Promise<AtAnswer> {
  const answer = await session.ask(command);
  if (answer.kind === "gone" || answer.kind === "silent") throw new LookEnds(answer);
  return answer;
}

/** Whatever is neither a result nor begins like something that comes unasked. */
const freeText = /^[^+^#*!]/;

async function readIdentity(ask: Ask): Promise<ModemIdentity> {
  const words = async (name: string): Promise<string> =>
    wordsOf(await ask(name, new RegExp(`${freeText.source}|^\\${name}:`, "i")), name);
  const maker = await words("+CGMI");
  const model = await words("+CGMM");
  const firmware = await words("+CGMR");
  const imei = imeiOf(await ask("+CGSN", /^(\+CGSN: ?)?"?\d{14,17}"?$/i));
  return { maker, model, firmware, ...(imei === undefined ? {} : { imei }) };
}

async function readCard(ask: Ask, dialect: ModemDialect): Promise<Pick<ModemFacts, "iccid" | "imsi">> {
  const imsi = imsiOf(await ask("+CIMI", /^(\+CIMI: ?)?"?\d{6,15}"?$/i));
  let iccid: string | undefined;
  for (const text of dialect.iccid) {
    iccid ??= iccidOf(await ask(text, /\d{18,22}F?"?$/i));
    if (iccid !== undefined) break;
  }
  return { ...(imsi === undefined ? {} : { imsi }), ...(iccid === undefined ? {} : { iccid }) };
}

async function readRegistration(ask: Ask): Promise<ReturnType<typeof bestRegistration>> {
  const found: ReturnType<typeof registrationOf>[] = [];
  for (const name of ["+CEREG", "+CREG", "+CGREG"]) {
    // With the cell.
    await ask(`${name}=2`);
    found.push(registrationOf(await ask(`${name}?`, new RegExp(`^\\${name}:`, "i")), name));
  }
  return bestRegistration(found);
}

async function readOperator(ask: Ask): Promise<Pick<ModemFacts, "operator" | "mcc" | "mnc">> {
  const named = async (form: number): Promise<string | undefined> => {
    await ask(`+COPS=3,${form}`);
    return operatorOf(await ask("+COPS?", /^\+COPS:/i, operatorMs));
  };
  const codes = networkCodes(await named(2));
  const operator = await named(0);
  return { ...(operator === undefined ? {} : { operator }), ...codes };
}

/** Restarts it by its own command. What it says of that is told; a modem that hangs says nothing, and does nothing. */
export async function resetModem(session: AtSession, maker: string | undefined): Promise<AtAnswer> {
  const dialect = maker === undefined ? genericDialect : dialectOf(maker);
  let answer: AtAnswer = { kind: "silent" };
  for (const text of dialect.reset) {
    answer = await session.ask({ text, timeoutMs: resetMs });
    if (answer.kind !== "refused") break;
  }
  return answer;
}

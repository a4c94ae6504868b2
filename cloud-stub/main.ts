// The cloud stand-in as a program: data folder, master key, certificates, ports and first passwords around cloud.ts.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { linuxClock } from "#hardware/linux/clock.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { watchForBroken } from "./broken-process.ts";
import { describeBug } from "./bug.ts";
import { type Certificates, ensureCertificates } from "./certificates/certificates.ts";
import { type Cloud, defaultTenantId, startCloud } from "./cloud.ts";
import { CloudError } from "./cloud-error.ts";
import { auditWords, backupIn, rekeyWords, verifyAuditIn } from "./data-commands.ts";
import { adminUserName, type FirstPasswords } from "./first-accounts.ts";
import { keepFirstPasswords, passwordsFileIn } from "./first-passwords.ts";
import { type Listeners, openListeners } from "./listeners.ts";
import { type CloudLog, createCloudLog } from "./log.ts";
import { checkMasterKey, findMasterKey, type MasterKey, readOrMakeMasterKey } from "./master-key.ts";
import { createVault } from "./remote-access/vault.ts";
import { setPasswordInStore } from "./set-user-password.ts";
import { type DataLock, databaseFileIn, lockDataFolder } from "./store/data-lock.ts";
import { rekeyStore } from "./store/rekey.ts";
import { restoreStore } from "./store/restore.ts";
import { openStore } from "./store/store.ts";
import { addUser, listUsers, setUserEnabled } from "./user-commands.ts";
import { bootstrapTenantId, bootstrapUserName } from "./users/accounts.ts";
import { scryptHasher } from "./users/password-hasher.ts";

type PortName = "httpPort" | "httpsPort" | "mqttsPort";

export interface RunCloudOptions {
  /** Made if missing. */
  readonly dataDir: string;
  /** Address of HTTPS and MQTT; default 127.0.0.1. */
  readonly listen?: string;
  /** Names and IP literals of this cloud; default localhost, 127.0.0.1, ::1. */
  readonly hostname?: readonly string[];
  /** Defaults 8080, 8443 and 8883; 0 takes a free one. */
  readonly httpPort?: number;
  readonly httpsPort?: number;
  readonly mqttsPort?: number;
  /** Which ports a person asked for; default: each that is not its default. */
  readonly explicit?: readonly PortName[];
  readonly masterKeyFile?: string;
  /** Makes the master key there if it is missing: for the demo, which keeps it beside the data. */
  readonly demoMasterKeyFile?: string;
  /** For accounts that do not exist yet; default POSTERN_ADMIN_PASSWORD and POSTERN_BOOTSTRAP_PASSWORD, else random. */
  readonly accounts?: FirstPasswords;
  /** Passwords that were made up: shown or written to a file (default), or only given back. */
  readonly firstPasswords?: "tell" | "return";
  /** Takes each log line; default standard output. */
  readonly write?: (line: string) => void;
}

export interface CloudProcess {
  readonly ports: { readonly http: number; readonly https: number; readonly mqtts: number };
  /** PEM of the authority that gateways trust, and the file that holds it. */
  readonly caPem: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly adminUser: string;
  /** Only if it was made up at this start. */
  readonly adminPassword?: string;
  readonly bootstrapUser: string;
  readonly bootstrapPassword?: string;
  readonly cloud: Cloud;
  /** Ends sessions with `cloud.stopping` and closes everything, within 5 s. */
  stop(): Promise<void>;
  /** As `stop`, with `internal.error`. */
  stopBroken(): Promise<void>;
}

/** How long a cloud in which something broke may take to stop in order, in ms. */
const brokenStopMs = 6_000;

const defaultHostNames = ["localhost", "127.0.0.1", "::1"];
const defaultPorts: Readonly<Record<PortName, number>> = { httpPort: 8080, httpsPort: 8443, mqttsPort: 8883 };
const consoleDir = fileURLToPath(new URL("../dist/console", import.meta.url));

/** `postern cloud user password NAME`: see set-user-password.ts. */
export async function setUserPassword(options: {
  readonly dataDir: string;
  readonly name: string;
  readonly password?: string;
}): Promise<void> {
  await setPasswordInStore({ ...options, clock: linuxClock, random: linuxRandom });
}

const world = { clock: linuxClock, random: linuxRandom };

/** `postern cloud user add NAME`: see user-commands.ts. */
export async function addCloudUser(options: {
  readonly dataDir: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly password?: string;
}): Promise<void> {
  await addUser({ ...world, ...options });
}

/** `postern cloud user enable|disable NAME`: see user-commands.ts. */
export async function setCloudUserEnabled(options: {
  readonly dataDir: string;
  readonly name: string;
  readonly isEnabled: boolean;
}): Promise<void> {
  await setUserEnabled({ ...world, ...options });
}

/** `postern cloud user list`: one line for each account. */
export async function listCloudUsers(options: { readonly dataDir: string }): Promise<readonly string[]> {
  return listUsers({ ...world, ...options });
}

/** `postern cloud rekey`: makes the new key's file if it is missing. See store/rekey.ts. */
export function rekeyCloud(options: {
  readonly dataDir: string;
  readonly masterKeyFile?: string;
  readonly newMasterKeyFile: string;
}): string {
  const { dataDir } = options;
  databaseFileIn(dataDir);
  const oldKey = presentMasterKey(options.masterKeyFile);
  // On the disk before anything is put under it.
  const newKey = readOrMakeMasterKey(options.newMasterKeyFile, linuxRandom);
  const outcome = rekeyStore({ dataDir, oldKey, newKey: newKey.key, random: linuxRandom });
  return rekeyWords(outcome, options.newMasterKeyFile);
}

/** `postern cloud backup`: see store/backup.ts. */
export function backupCloud(options: { readonly dataDir: string; readonly to: string }): string {
  return backupIn(options);
}

/** `postern cloud audit verify`: see audit/verify-audit.ts. */
export function verifyCloudAudit(options: { readonly dataDir: string; readonly expectedHash?: string }): {
  readonly isUnbroken: boolean;
  readonly words: string;
} {
  return verifyAuditIn(options.dataDir, options.expectedHash);
}

/** `postern cloud restore`: see store/restore.ts. */
export async function restoreCloud(options: {
  readonly dataDir: string;
  readonly from: string;
  readonly masterKeyFile?: string;
  readonly isForced: boolean;
}): Promise<string> {
  const masterKey = presentMasterKey(options.masterKeyFile);
  const verdict = await restoreStore({ ...world, ...options, masterKey });
  return `Restored. ${auditWords(verdict)}`;
}

function presentMasterKey(file: string | undefined): Uint8Array {
  return findMasterKey({ file, env: process.env, random: linuxRandom, isForExistingDatabase: true }).key;
}

/** Keeps other processes off a folder around a cloud's own, by the same lock; `inUse` is what they are told. See store/data-lock.ts. */
export function lockFolder(folder: string, inUse: string): DataLock {
  return lockDataFolder(folder, inUse);
}

/**
 * `postern cloud run`: serves until `stopped` settles, or until something breaks that nobody caught; then it stops in order
 * rather than go on in an unknown state. Gives the exit code. Throws as `runCloud`.
 */
export async function serveCloud(options: RunCloudOptions, stopped: Promise<unknown>): Promise<number> {
  const log = createCloudLog(linuxClock, options.write ?? writeLine);
  const guard = watchForBroken(log);
  const starting = runCloud(options);
  const running = await Promise.race([starting, guard.broken]);
  if (running !== "broken" && (await Promise.race([stopped, guard.broken])) !== "broken") {
    await running.stop();
    return guard.isBroken ? 1 : 0;
  }
  // One that is still starting is stopped as soon as it can be.
  const stopping = starting.then((started) => started.stopBroken());
  const limit = new Promise<"late">((resolve) => setTimeout(resolve, brokenStopMs, "late"));
  try {
    if ((await Promise.race([stopping, limit])) === "late") log.error("cloud.stop-failed", { why: "too slow" });
  } catch (error) {
    log.error("cloud.stop-failed", describeBug(error));
  }
  return 1;
}

/** Starts a cloud on real ports. Throws CloudError or StoreError with one line for a person. */
export async function runCloud(options: RunCloudOptions): Promise<CloudProcess> {
  const names = readHostNames(options.hostname ?? defaultHostNames);
  const dataDir = makeDataDir(options.dataDir);
  const lock = lockDataFolder(dataDir);
  try {
    const running = await runOn(dataDir, names, options);
    return {
      ...running,
      async stop() {
        await running.stop();
        lock.release();
      },
      async stopBroken() {
        await running.stopBroken();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function runOn(dataDir: string, names: readonly string[], options: RunCloudOptions): Promise<CloudProcess> {
  const log = createCloudLog(linuxClock, options.write ?? writeLine);
  const databaseFile = join(dataDir, "postern.db");
  const masterKey = findMasterKey({
    file: options.masterKeyFile,
    demoFile: options.demoMasterKeyFile,
    env: process.env,
    random: linuxRandom,
    isForExistingDatabase: existsSync(databaseFile),
  });
  tellMasterKey(masterKey, options, log);
  const certificates = await readCertificates(databaseFile, masterKey.key, names);
  const caFile = join(dataDir, "ca.pem");
  if (certificates.authorityIs === "replaced") log.warn("cloud.new-authority", { ca: caFile });
  writeIfChanged(caFile, certificates.authority);
  const listen = options.listen ?? "127.0.0.1";
  const wish = (name: PortName) => portWish(name, options);
  const listeners = await openListeners({
    listen,
    http: wish("httpPort"),
    https: wish("httpsPort"),
    mqtts: wish("mqttsPort"),
    server: certificates.server,
    log,
  });
  try {
    const cloud = await startCloud({
      clock: linuxClock,
      random: linuxRandom,
      databaseFile,
      masterKey: masterKey.key,
      passwordHasher: scryptHasher(linuxRandom),
      log,
      accounts: options.accounts ?? accountsFromEnvironment(),
      // HTTP is served on the loopback whatever the names of the cloud are.
      allowedHosts: [...new Set([...names, ...defaultHostNames])],
      ports: listeners.ports,
      consoleDir,
      ...(options.firstPasswords === "return"
        ? {}
        : { keepNewAccounts: (accounts) => keepFirstPasswords(passwordsFileIn(dataDir), accounts) }),
    });
    listeners.serve(cloud);
    if (options.firstPasswords !== "return") tellFirstPasswords(cloud.created, passwordsFileIn(dataDir), log);
    return ready({ cloud, listeners, certificates, caFile, names, write: options.write ?? writeLine });
  } catch (error) {
    await listeners.close();
    throw error;
  }
}

function ready(parts: {
  readonly cloud: Cloud;
  readonly listeners: Listeners;
  readonly certificates: Certificates;
  readonly caFile: string;
  readonly names: readonly string[];
  readonly write: (line: string) => void;
}): CloudProcess {
  const { cloud, listeners, certificates, caFile } = parts;
  const { ports } = listeners;
  const name = parts.names[0] ?? "localhost";
  const host = name.includes(":") ? `[${name}]` : name;
  const line = {
    time: new Date(linuxClock.nowMs()).toISOString(),
    level: "info",
    event: "cloud.ready",
    ports,
    url: `https://${host}:${ports.https}`,
    httpUrl: `http://localhost:${ports.http}`,
    mqtt: `mqtts://${host}:${ports.mqtts}`,
    ca: caFile,
  };
  parts.write(JSON.stringify(line));
  let stopped: Promise<void> | undefined;
  const stopBy = (stop: () => Promise<void>): Promise<void> => {
    stopped ??= (async () => {
      listeners.stopAccepting();
      await stop();
      await listeners.close();
    })();
    return stopped;
  };
  return {
    ports,
    caPem: certificates.authority,
    caFile,
    tenantId: defaultTenantId,
    adminUser: adminUserName,
    bootstrapUser: `${bootstrapTenantId}/${bootstrapUserName}`,
    ...cloud.created,
    cloud,
    stop: () => stopBy(() => cloud.stop()),
    stopBroken: () => stopBy(() => cloud.stopBroken()),
  };
}

/** The certificates need the store before the cloud runs on it, because the ports need the certificates. */
async function readCertificates(
  databaseFile: string,
  masterKey: Uint8Array,
  names: readonly string[],
): Promise<Certificates> {
  const store = openStore(databaseFile);
  try {
    const vault = createVault(masterKey, linuxRandom);
    await checkMasterKey(store, vault, databaseFile);
    return await ensureCertificates({ store, vault, clock: linuxClock, random: linuxRandom, names });
  } finally {
    store.close();
  }
}

function portWish(name: PortName, options: RunCloudOptions): { port: number; isExplicit: boolean } {
  const port = options[name] ?? defaultPorts[name];
  return { port, isExplicit: options.explicit?.includes(name) ?? port !== defaultPorts[name] };
}

function makeDataDir(dataDir: string): string {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return dataDir;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CloudError("cloud.bad-option", `The data folder cannot be made: ${why}`, { cause: error });
  }
}

function readHostNames(names: readonly string[]): readonly string[] {
  const clean = [
    ...new Set(
      names.map((name) =>
        name
          .trim()
          .toLowerCase()
          .replace(/^\[|\]$/g, ""),
      ),
    ),
  ];
  const bad = clean.find((name) => isIP(name) === 0 && !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name));
  if (clean.length > 0 && bad === undefined) return clean;
  throw new CloudError(
    "cloud.bad-option",
    `--hostname: ${JSON.stringify(bad ?? "")} is neither a host name nor an IP address (no port, no wildcard)`,
  );
}

function accountsFromEnvironment(): FirstPasswords {
  const adminPassword = process.env["POSTERN_ADMIN_PASSWORD"];
  const bootstrapPassword = process.env["POSTERN_BOOTSTRAP_PASSWORD"];
  return {
    ...(adminPassword ? { adminPassword } : {}),
    ...(bootstrapPassword ? { bootstrapPassword } : {}),
  };
}

function tellMasterKey(masterKey: MasterKey, options: RunCloudOptions, log: CloudLog): void {
  const { source, isNew, isReadableByOthers } = masterKey;
  if (isNew) log.info("master-key.created", { file: source });
  if (isReadableByOthers) log.warn("master-key.readable-by-others", { file: source });
  if (options.demoMasterKeyFile !== undefined) {
    log.info("master-key.beside-data", {
      file: source,
      why: "for the demo only: a copy of the folder holds all secrets",
    });
  }
}

/** A password that nobody has seen is shown once to a person, or else left in a file of its own. */
function tellFirstPasswords(created: FirstPasswords, file: string, log: CloudLog): void {
  if (!existsSync(file)) return;
  if (Object.keys(created).length === 0) {
    log.warn("accounts.passwords-kept", { passwords: file, why: "remove the file once its passwords are noted" });
    return;
  }
  if (!process.stderr.isTTY) {
    log.info("accounts.created", { passwords: file });
    return;
  }
  process.stderr.write(`New accounts, shown only this once (user, password):\n${readFileSync(file, "utf8")}`);
  rmSync(file);
}

function writeIfChanged(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  writeFileSync(file, text, { mode: 0o644 });
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

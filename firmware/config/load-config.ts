// Reads the configuration and the files that it names: secrets, certificates, keys.
import { ConfigError } from "../errors.ts";
import { readAuthorities, readClientCertificate } from "./certificate-files.ts";
import type { CloudAddress, GatewayConfig, ProxySettings, Registration } from "./gateway-config.ts";
import { type NamedFile, type ParsedConfigFile, parseGatewayConfig } from "./parse-config.ts";

/** Reads files for the configuration. Never rejects. */
export interface ConfigFiles {
  /** `path` is absolute or relative to the process's folder. */
  read(path: string): Promise<FileOutcome>;
  /** A name in the configuration file, made absolute. */
  resolve(configPath: string, name: string): string;
  /** The last part of a path. */
  baseName(path: string): string;
}

export type FileOutcome =
  | { readonly ok: true; readonly text: string; readonly isOpenToOthers: boolean }
  | { readonly ok: false; readonly why: string; readonly isMissing?: true };

export interface LoadedConfig {
  readonly config: GatewayConfig;
  /** What is not right but does not keep the gateway from running; for people, no secret. */
  readonly warnings: readonly string[];
}

export interface LoadOptions {
  readonly files: ConfigFiles;
  /** Of the configuration file. */
  readonly path: string;
  /** By which certificates are judged. */
  readonly nowMs: number;
}

/** Throws ConfigError. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { files, path } = options;
  const outcome = await files.read(path);
  if (!outcome.ok) throw new ConfigError("config.unreadable", [`the configuration: ${path}: ${outcome.why}`]);
  return completeParsed(parseGatewayConfig(outcome.text, files.baseName(path)), {
    ...options,
    isOpenToOthers: outcome.isOpenToOthers,
  });
}

/** Reads what a parsed file names. `isOpenToOthers`: the configuration file itself. Throws ConfigError. */
export async function completeParsed(
  parsed: ParsedConfigFile,
  options: LoadOptions & { readonly isOpenToOthers: boolean },
): Promise<LoadedConfig> {
  const reader = new NamedFileReader(options);
  const cloud = await cloudOf(reader, parsed);
  const registration = await registrationOf(reader, parsed);
  reader.throwFindings();
  if (parsed.hasSecrets && options.isOpenToOthers) {
    reader.warn(`${options.path} holds a secret and can be read by other users: chmod 600 ${options.path}`);
  }
  const { files: _files, hasSecrets: _hasSecrets, stateDir, ...rest } = parsed;
  return {
    config: { ...rest, cloud, registration, stateDir: options.files.resolve(options.path, stateDir) },
    warnings: reader.warnings,
  };
}

/** Gathers what is wrong with the named files, so that a person sees all of it at once. */
class NamedFileReader {
  readonly warnings: string[] = [];
  readonly nowMs: number;
  readonly #options: LoadOptions;
  readonly #findings: string[] = [];
  #isUnreadable = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.nowMs = options.nowMs;
  }

  warn(line: string): void {
    this.warnings.push(line);
  }

  report({ name, place }: NamedFile, problem: string): void {
    this.#findings.push(`${place}: ${this.pathOf(name)} ${problem}`);
  }

  pathOf(name: string): string {
    return this.#options.files.resolve(this.#options.path, name);
  }

  async read(file: NamedFile): Promise<string | undefined> {
    return (await this.#read(file))?.text;
  }

  /** A file that other users may read or change is none for a secret. */
  async readSecret(file: NamedFile): Promise<string | undefined> {
    const outcome = await this.#read(file);
    if (outcome === undefined) return undefined;
    if (!outcome.isOpenToOthers) return outcome.text;
    this.report(file, `holds a secret but can be read by other users: chmod 600 ${this.pathOf(file.name)}`);
    return undefined;
  }

  /** The first line of a secret's file. */
  async readSecretLine(file: NamedFile): Promise<string | undefined> {
    const text = await this.readSecret(file);
    if (text === undefined) return undefined;
    const [line = ""] = text.split(/\r?\n/);
    if (line !== "") return line;
    this.report(file, "has no first line");
    return undefined;
  }

  async isMissing(file: NamedFile): Promise<boolean> {
    const outcome = await this.#options.files.read(this.pathOf(file.name));
    return !outcome.ok && outcome.isMissing === true;
  }

  throwFindings(): void {
    if (this.#findings.length === 0) return;
    throw new ConfigError(this.#isUnreadable ? "config.unreadable" : "config.invalid", this.#findings);
  }

  async #read(file: NamedFile): Promise<Extract<FileOutcome, { ok: true }> | undefined> {
    const outcome = await this.#options.files.read(this.pathOf(file.name));
    if (outcome.ok) return outcome;
    this.#isUnreadable = true;
    this.#findings.push(`${file.place}: ${this.pathOf(file.name)}: ${outcome.why}`);
    return undefined;
  }
}

async function cloudOf(reader: NamedFileReader, { cloud, files }: ParsedConfigFile): Promise<CloudAddress> {
  const pem = files.ca && (await reader.read(files.ca));
  const authorities = files.ca && pem !== undefined ? readAuthorities(pem, reader.nowMs) : undefined;
  if (files.ca !== undefined) tell(reader, files.ca, authorities);
  const { proxy, ...rest } = cloud;
  const complete = { ...rest, authorities: authorities?.value ?? [] };
  return proxy === undefined ? complete : { ...complete, proxy: await proxyOf(reader, proxy, files.proxyPassword) };
}

async function proxyOf(
  reader: NamedFileReader,
  proxy: ProxySettings,
  file: NamedFile | undefined,
): Promise<ProxySettings> {
  const password = file && (await reader.readSecretLine(file));
  return password === undefined ? proxy : { ...proxy, password };
}

async function registrationOf(reader: NamedFileReader, parsed: ParsedConfigFile): Promise<Registration> {
  const { registration, files } = parsed;
  switch (registration.method) {
    case "bootstrap": {
      const password = files.password ? await reader.readSecretLine(files.password) : registration.password;
      const token = files.securityToken ? await reader.readSecretLine(files.securityToken) : registration.securityToken;
      const { securityToken: _token, ...rest } = registration;
      return { ...rest, password: password ?? "", ...(token === undefined ? {} : { securityToken: token }) };
    }
    case "certificate":
      return { method: "certificate", certificate: await certificateOf(reader, files.certificate, files.key) };
    case "enrolment": {
      const file = files.oneTimePassword;
      // It is used up by the first certificate, and whoever then removes it must not find the gateway down at the next start.
      const isUsedUp = file !== undefined && (await reader.isMissing(file));
      if (isUsedUp)
        reader.warn(`${file.place}: ${reader.pathOf(file.name)} is not there: the first certificate needs it`);
      const password = file && !isUsedUp ? await reader.readSecretLine(file) : registration.oneTimePassword;
      return { ...registration, oneTimePassword: password ?? "" };
    }
    default:
      return registration satisfies never;
  }
}

async function certificateOf(reader: NamedFileReader, certificate: NamedFile | undefined, key: NamedFile | undefined) {
  const nothing = { chain: "", privateKey: "" };
  // Both are there, or parsing had found that one is missing.
  if (certificate === undefined || key === undefined) return nothing;
  const chain = await reader.read(certificate);
  const privateKey = await reader.readSecret(key);
  if (chain === undefined || privateKey === undefined) return nothing;
  const outcome = readClientCertificate({ chain, privateKey }, reader.nowMs);
  tell(reader, outcome.isAboutKey === true ? key : certificate, outcome);
  return outcome.value ?? nothing;
}

interface Judged {
  readonly problem?: string;
  readonly warnings?: readonly string[];
}

function tell(reader: NamedFileReader, file: NamedFile, judged: Judged | undefined): void {
  if (judged?.problem !== undefined) reader.report(file, judged.problem);
  for (const warning of judged?.warnings ?? []) reader.warn(`${file.place}: ${reader.pathOf(file.name)} ${warning}`);
}

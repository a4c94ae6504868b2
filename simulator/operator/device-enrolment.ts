// What the person at the console does so that devices come in by certificate: an authority, one-time passwords, trust.
import type { Operator } from "../operator.ts";

/** Longest wait for one answer, in ms. */
const answerMs = 60_000;

export class DeviceEnrolment {
  readonly #operator: Operator;
  readonly #until: <T>(promise: Promise<T>, options: { readonly what: string; readonly limitMs: number }) => Promise<T>;

  constructor(site: {
    readonly operator: Operator;
    readonly clock: {
      until<T>(promise: Promise<T>, options: { readonly what: string; readonly limitMs: number }): Promise<T>;
    };
  }) {
    this.#operator = site.operator;
    this.#until = (promise, options) => site.clock.until(promise, options);
  }

  /** The tenant gets its own certificate authority. */
  async createsAuthority(): Promise<void> {
    await this.#asks("POST", "/certificate-authority");
  }

  /** How long the certificates of that authority live, in seconds. */
  async setsLife(seconds: number): Promise<void> {
    await this.setsOption("certificate-authority", "postern.certificate.lifespan.seconds", String(seconds));
  }

  async setsOption(category: string, key: string, value: string): Promise<void> {
    await this.#asks("PUT", `/tenant/options/${category}/${key}`, { value });
  }

  /** Registers a device that will come with this one-time password, as the file of rows that tools send. */
  async offers(externalId: string, oneTimePassword: string): Promise<void> {
    const boundary = "----rows-of-devices";
    const text = [
      `--${boundary}`,
      'Content-Disposition: form-data; name="file"; filename="devices.csv"',
      "Content-Type: text/csv",
      "",
      "ID,AUTH_TYPE,ENROLLMENT_OTP,NAME,TYPE,IDTYPE,com_cumulocity_model_Agent.active",
      `${externalId},CERTIFICATES,${oneTimePassword},${externalId},postern-gateway,c8y_Serial,true`,
      `--${boundary}--`,
      "",
    ].join("\r\n");
    const type = `multipart/form-data; boundary=${boundary}`;
    const path = "/devicecontrol/bulkNewDeviceRequests";
    const what = "the cloud to take the rows of devices";
    const answer = await this.#until(this.#operator.http.send("POST", path, { type, text }), {
      what,
      limitMs: answerMs,
    });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  }

  /** From now on devices with a certificate by this authority (PEM) come in without being registered. */
  async trusts(authorityPem: string): Promise<void> {
    const facts = { name: "Factory", certInPemFormat: authorityPem, status: "ENABLED", autoRegistrationEnabled: true };
    await this.#asks("POST", "/tenant/tenants/t1000/trusted-certificates", facts);
  }

  async #asks(method: string, path: string, body?: unknown): Promise<void> {
    const { status, text } = await this.#operator.asks(method, path, body);
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
  }
}

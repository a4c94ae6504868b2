// Which cloud, and as whom: reads the address and the user's name as a person writes them.
import { InvalidArgumentError } from "commander";

export interface CloudLogin {
  /** Scheme, host and port alone: "https://cloud.example". */
  readonly origin: string;
  /** Value of the Authorization header: a secret. */
  readonly authorization: string;
  /** PEM texts of authorities to trust besides those of the system. */
  readonly authorities: readonly string[];
}

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The origin of an address; a page's address copied from a browser serves as well. */
export function parseCloudUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgumentError("It must be the cloud's address, such as https://cloud.example.");
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidArgumentError("It must not hold user or password, which others can read there.");
  }
  if (url.protocol === "http:" && !loopbackHost.test(url.hostname)) {
    throw new InvalidArgumentError("It must begin with https://, or the password would travel in clear.");
  }
  return url.origin;
}

/** `tenant/user`, or `user` where the address tells the tenant. */
export function parseUser(text: string): string {
  if (!/^(?:[^/:\s]+\/)?[^/:\p{Cc}]+$/u.test(text)) {
    throw new InvalidArgumentError("It must be tenant/user, or user, without a colon.");
  }
  return text;
}

/** HTTP Basic of RFC 7617, in UTF-8. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

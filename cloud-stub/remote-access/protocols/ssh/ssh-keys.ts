// The keys with which ssh2 signs in: plain ones that refuse SHA-1 where it is not allowed, and certificates, which ssh2 does not know.
import { createPrivateKey, sign } from "node:crypto";
import ssh2, { type Client, type ParsedKey } from "ssh2";

export interface SshKey {
  /** What ssh2 takes for `publickey`. */
  readonly key: ParsedKey;
  /** To be called once after `connect`. */
  readonly attach: (client: Client) => void;
}

/** `privateKey`: without passphrase. Throws an Error without a piece of the key. */
export function sshKey(options: {
  readonly privateKey: string;
  readonly certificate: string | undefined;
  readonly allowsLegacy: boolean;
}): SshKey {
  const parsed = ssh2.utils.parseKey(options.privateKey);
  if (parsed instanceof Error) throw new Error("the stored private key cannot be read");
  if (options.certificate !== undefined) return certificateKey(parsed, options.certificate, options.allowsLegacy);
  return { key: options.allowsLegacy ? parsed : withoutSha1(parsed), attach: () => {} };
}

/** A panel that does not know RSA's newer signatures (RFC 8332) would get SHA-1. */
function withoutSha1(parsed: ParsedKey): ParsedKey {
  const signPlain = parsed.sign.bind(parsed);
  return Object.create(parsed, {
    sign: {
      value: (data: Buffer, hash?: string) =>
        hash === "sha1" || parsed.type === "ssh-dss"
          ? new Error("the panel takes only signatures with SHA-1, which the endpoint does not allow")
          : signPlain(data, hash),
    },
  }) as ParsedKey;
}

interface Signing {
  /** In the request, such as `rsa-sha2-512-cert-v01@openssh.com`. */
  readonly requested: string;
  /** In the signature, such as `rsa-sha2-512` (OpenSSH's PROTOCOL.certkeys). */
  readonly signed: string;
  readonly hash: string | null;
}

function signingOf(keyType: string, allowsLegacy: boolean): Signing {
  const suffix = "-cert-v01@openssh.com";
  switch (keyType) {
    case "ssh-rsa":
      return { requested: `rsa-sha2-512${suffix}`, signed: "rsa-sha2-512", hash: "sha512" };
    case "ssh-dss":
      if (!allowsLegacy) throw new Error("DSA certificates sign with SHA-1, which the endpoint does not allow");
      return { requested: `ssh-dss${suffix}`, signed: "ssh-dss", hash: "sha1" };
    case "ecdsa-sha2-nistp256":
      return { requested: `${keyType}${suffix}`, signed: keyType, hash: "sha256" };
    case "ecdsa-sha2-nistp384":
      return { requested: `${keyType}${suffix}`, signed: keyType, hash: "sha384" };
    case "ecdsa-sha2-nistp521":
      return { requested: `${keyType}${suffix}`, signed: keyType, hash: "sha512" };
    default:
      return { requested: `${keyType}${suffix}`, signed: keyType, hash: null };
  }
}

function certificateKey(parsed: ParsedKey, certificate: string, allowsLegacy: boolean): SshKey {
  const blob = Buffer.from(certificate.split(" ")[1] ?? "", "base64");
  const signing = signingOf(parsed.type, allowsLegacy);
  let connected: Client | undefined;
  const key = Object.create(parsed, {
    type: { value: signing.requested },
    getPublicSSH: { value: () => blob },
    sign: {
      value: (data: Buffer) => {
        if (connected !== undefined) renameNext(connected, signing.signed);
        return signatureOf(parsed, signing.hash, data);
      },
    },
  }) as ParsedKey;
  const attach = (client: Client) => {
    connected = client;
  };
  return { key, attach };
}

/** The next packet is the request with the signature that is being made. */
function renameNext(client: Client, signed: string): void {
  // Made anew by each key exchange, so it is looked up now.
  const { write } = (client as unknown as Ssh2Internals)._protocol._packetRW;
  const { finalize } = write;
  write.finalize = (packet, isForced) => {
    write.finalize = finalize;
    return write.finalize(renamed(packet, write, signed), isForced);
  };
}

/** What of ssh2 1.17 has to be reached into: it names the request's algorithm in the signature as well. */
interface Ssh2Internals {
  readonly _protocol: { readonly _packetRW: { readonly write: PacketWriter } };
}

interface PacketWriter {
  readonly allocStart: number;
  alloc(payloadBytes: number): Buffer;
  finalize: (packet: Buffer, isForced?: boolean) => Buffer;
}

/** The same USERAUTH_REQUEST (RFC 4252 section 7) with another algorithm named inside the signature. */
function renamed(packet: Buffer, writer: PacketWriter, signed: string): Buffer {
  let at = writer.allocStart + 1;
  const skipText = () => {
    at += 4 + packet.readUInt32BE(at);
  };
  // User, service, method; a flag; algorithm, key.
  for (let texts = 0; texts < 3; texts++) skipText();
  at += 1;
  for (let texts = 0; texts < 2; texts++) skipText();
  const head = packet.subarray(writer.allocStart, at);
  at += 4;
  skipText();
  const signature = packet.subarray(at + 4, at + 4 + packet.readUInt32BE(at));
  const inner = Buffer.concat([text(Buffer.from(signed, "latin1")), text(signature)]);
  const payload = Buffer.concat([head, text(inner)]);
  const copy = writer.alloc(payload.length);
  copy.set(payload, writer.allocStart);
  return copy;
}

/** In SSH's form (RFC 4253 section 6.6, RFC 5656 section 3.1.2). */
function signatureOf(parsed: ParsedKey, hash: string | null, data: Buffer): Buffer {
  const key = createPrivateKey(parsed.getPrivatePEM());
  const isEcdsa = parsed.type.startsWith("ecdsa-");
  const bytes = sign(hash, data, { key, dsaEncoding: "ieee-p1363" });
  if (!isEcdsa) return bytes;
  const half = bytes.length / 2;
  return Buffer.concat([bigNumber(bytes.subarray(0, half)), bigNumber(bytes.subarray(half))]);
}

function text(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** RFC 4251 section 5, `mpint`: no leading zeroes but one in front of a set highest bit. */
function bigNumber(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return text((digits[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), digits]) : digits);
}

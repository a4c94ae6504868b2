// The VeNCrypt security type (version 0.2, public registry number 19) towards a panel: its subtypes and where TLS begins.
import { ProtocolError } from "../protocol-error.ts";
import type { Steps } from "./conversation.ts";
import { concatenate, readU32, writeU32 } from "./numbers.ts";
import { noCertificate, noPassword, noUserName, type Refusal, unsupported } from "./panel-refusal.ts";
import type { Agreed, PanelTalk, PanelTls, SignIn } from "./panel-talk.ts";
import { type Proof, securityTypeList, securityTypes, veNCryptSubtypes } from "./security.ts";

interface Subtype {
  readonly code: number;
  readonly tls?: PanelTls;
  readonly proof: Proof;
}

/**
 * From safest: a certificate before anonymous TLS before none. Plain stands before VNC Authentication because it is only
 * taken where a user name is known, and then the password is meant for it.
 */
const preference: readonly Subtype[] = [
  { code: veNCryptSubtypes.x509Plain, tls: "x509", proof: "plain" },
  { code: veNCryptSubtypes.x509Vnc, tls: "x509", proof: "vnc" },
  { code: veNCryptSubtypes.x509None, tls: "x509", proof: "none" },
  { code: veNCryptSubtypes.tlsPlain, tls: "anonymous", proof: "plain" },
  { code: veNCryptSubtypes.tlsVnc, tls: "anonymous", proof: "vnc" },
  { code: veNCryptSubtypes.tlsNone, tls: "anonymous", proof: "none" },
  { code: securityTypes.vncAuthentication, proof: "vnc" },
  { code: securityTypes.none, proof: "none" },
  { code: veNCryptSubtypes.plain, proof: "plain" },
];

/** Longest name and longest password of Plain, in bytes of UTF-8. */
export const plainTextBytesMax = 1024;

const tooLongForPlain: Refusal = {
  kind: "refused",
  code: "auth.failed",
  text: `The user name or the password is longer than Plain takes, which is ${plainTextBytesMax} bytes`,
};

/** Agrees on a subtype and, where it has TLS, begins that. The proof itself comes behind it. */
export function* agreeOnVeNCrypt(talk: PanelTalk): Steps<Agreed | Refusal> {
  talk.waitFor("its VeNCrypt version");
  const [major = 0, minor = 0] = yield 2;
  if (major === 0 && minor < 2) {
    // 0.0 says that there is no version in common.
    talk.send(Uint8Array.of(0, 0));
    return unsupported(`The panel offers VeNCrypt ${major}.${minor}; Postern speaks 0.2`);
  }
  talk.send(Uint8Array.of(0, 2));
  talk.waitFor("its VeNCrypt subtypes");
  const [status = 0] = yield 1;
  if (status !== 0) {
    return yield* talk.refusedWithResult("protocol.unsupported", "The panel did not agree to VeNCrypt 0.2");
  }
  const [count = 0] = yield 1;
  if (count === 0) throw new ProtocolError("rfb.malformed", "VeNCrypt without a subtype");
  const offered: number[] = [];
  while (offered.length < count) offered.push(readU32(yield 4));
  const subtype = chooseSubtype(offered, talk.signIn);
  if ("kind" in subtype) return subtype;
  if (subtype.proof === "plain" && !fitsPlain(talk.signIn)) return tooLongForPlain;
  talk.send(writeU32(subtype.code));
  if (subtype.tls !== undefined) {
    talk.waitFor("its consent to TLS");
    const [consent = 0] = yield 1;
    if (consent === 0) {
      return yield* talk.refusedWithResult("protocol.unsupported", "The panel could not begin TLS");
    }
    if (consent !== 1) throw new ProtocolError("rfb.malformed", `VeNCrypt consent ${consent} does not exist`);
    yield* talk.startTls(subtype.tls);
  }
  // A subtype, unlike plain None, always ends with a SecurityResult.
  return { kind: "agreed", proof: subtype.proof, subtype: subtype.code, hasResultSince37: true };
}

function chooseSubtype(offered: readonly number[], signIn: SignIn): Subtype | Refusal {
  const spoken = preference.filter(
    ({ code, tls }) => offered.includes(code) && (tls === undefined || signIn.supports?.tls === true),
  );
  const needsCertificate = signIn.needsCertificate === true;
  const speakable = needsCertificate ? spoken.filter(showsCertificate) : spoken;
  if (needsCertificate && speakable.length === 0) return noCertificate;
  const safe = speakable.filter(
    ({ tls, proof }) => proof !== "plain" || tls !== undefined || signIn.allowsPlainInClear === true,
  );
  const [best] = safe.filter(({ proof }) => canProve(proof, signIn));
  if (best !== undefined) return best;
  const [wanted] = safe;
  if (wanted !== undefined) return wanted.proof === "plain" ? noUserName : noPassword;
  const offer = securityTypeList(offered);
  if (speakable.length > 0) {
    return unsupported(
      `The panel offers VeNCrypt with ${offer}; Plain would send the password without TLS, which the endpoint does not allow`,
    );
  }
  const own = signIn.supports?.tls === true ? "with and without TLS" : "without TLS";
  return unsupported(
    `The panel offers VeNCrypt with ${offer}; Postern signs in there with None, VNC Authentication and Plain, ${own}`,
  );
}

function showsCertificate({ tls }: Subtype): boolean {
  return tls === "x509";
}

function canProve(proof: Proof, { password, username }: SignIn): boolean {
  if (proof === "none") return true;
  return password !== undefined && (proof === "vnc" || username !== undefined);
}

/** User name and password in clear: a secret. At most `plainTextBytesMax` each. */
export function writePlain(username: string, password: string): Uint8Array {
  const name = Buffer.from(username, "utf8");
  const secret = Buffer.from(password, "utf8");
  return concatenate(writeU32(name.length), writeU32(secret.length), name, secret);
}

function fitsPlain({ username = "", password = "" }: SignIn): boolean {
  return Math.max(Buffer.byteLength(username), Buffer.byteLength(password)) <= plainTextBytesMax;
}

// Which of the security types that a panel offers is taken: the safest that can be spoken and proven.
import { noCertificate, noPassword, type Refusal, unsupported } from "./panel-refusal.ts";
import type { SignIn } from "./panel-talk.ts";
import { securityTypeList, securityTypes } from "./security.ts";
import type { RfbVersion } from "./version.ts";

/** A type of the list, or why none can be taken, naming what was offered. */
export function chooseSecurityType(types: readonly number[], version: RfbVersion, signIn: SignIn): number | Refusal {
  const { none, vncAuthentication, tight, veNCrypt } = securityTypes;
  const { password, username } = signIn;
  const hasTls = signIn.supports?.tls === true;
  // Where the server decides (3.3) there are only the first two types.
  const hasChoice = version !== "3.3";
  if (hasChoice && hasTls && types.includes(veNCrypt)) return veNCrypt;
  // Whoever stands in between would offer less than the panel does.
  if (signIn.needsCertificate === true) return noCertificate;
  if (password !== undefined && types.includes(vncAuthentication)) return vncAuthentication;
  if (types.includes(none)) return none;
  if (types.includes(vncAuthentication)) return noPassword;
  // The same proofs as above in other words, so it comes last.
  if (hasChoice && types.includes(tight)) return tight;
  const canSendPlain = signIn.allowsPlainInClear === true && username !== undefined && password !== undefined;
  if (hasChoice && canSendPlain && types.includes(veNCrypt)) return veNCrypt;
  const own = !hasChoice
    ? "None or VNC Authentication"
    : hasTls
      ? "None, VNC Authentication, Tight or VeNCrypt"
      : "None, VNC Authentication or Tight";
  return unsupported(`The panel offers ${securityTypeList(types)}; Postern signs in with ${own}`);
}

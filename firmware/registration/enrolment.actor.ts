// The disk, the key's making and the question to the authority, as actors of the enrolment machine.
import { fromPromise } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import type { CloudHttpDeps } from "../cloud-http.ts";
import { basicHeader } from "../cloud-identity.ts";
import { storageProblem } from "./credentials.ts";
import { makePrivateKey } from "./device-key.ts";
import {
  type CertificateOwner,
  certificateFile,
  type EnrolmentState,
  type EnrolmentWanted,
  keyFile,
  loadEnrolment,
  renewalFile,
  writeCertificate,
} from "./enrolment-state.ts";
import { type EnrolOutcome, enrol } from "./est-client.ts";
import type { StoreOutcome } from "./registration.actor.ts";

export function enrolmentLoader({ storage, clock }: Hardware) {
  return fromPromise<EnrolmentState, EnrolmentWanted>(({ input }) => loadEnrolment(storage, input, clock.nowMs()));
}

export type MakeKeyOutcome =
  | { readonly ok: true; readonly privateKey: string }
  | { readonly ok: false; readonly why: string };

/** The key is on the disk before anything is asked for with it. */
export function keyMaker({ storage }: Hardware) {
  return fromPromise<MakeKeyOutcome, EnrolmentWanted>(async ({ input }) => {
    const privateKey = await makePrivateKey(input.keyAlgorithm);
    try {
      await storage.write(keyFile, Buffer.from(privateKey, "utf8"));
      // Certificates for a key that is gone are for nobody.
      await storage.remove(certificateFile);
      await storage.remove(renewalFile);
      return { ok: true, privateKey };
    } catch (error) {
      return { ok: false, why: storageProblem(error) };
    }
  });
}

export interface AskInput extends CertificateOwner {
  /** A secret. */
  readonly oneTimePassword: string;
}

/** `draw` is a random number in [0, 1) for the back-off. */
export type Asked = EnrolOutcome & { readonly draw: number };

export function certificateAsker(deps: CloudHttpDeps, { random }: Hardware) {
  return fromPromise<Asked, AskInput>(async ({ input, signal }) => {
    const { deviceId, privateKey, oneTimePassword } = input;
    const authorization = basicHeader(deviceId, oneTimePassword);
    const request = { path: "/.well-known/est/simpleenroll", deviceId, privateKey, authorization, signal } as const;
    return { ...(await enrol(deps, request)), draw: random.fraction() };
  });
}

export interface StoreCertificateInput extends CertificateOwner {
  readonly chain: string;
}

export function certificateWriter({ storage }: Hardware) {
  return fromPromise<StoreOutcome, StoreCertificateInput>(async ({ input }) => {
    const { deviceId, privateKey, chain } = input;
    try {
      await writeCertificate(storage, certificateFile, { deviceId, certificate: { chain, privateKey } });
      // What an earlier certificate left is for nobody now.
      await storage.remove(renewalFile);
      return { ok: true };
    } catch (error) {
      return { ok: false, why: storageProblem(error) };
    }
  });
}

// Wires the machines of the registration: gives them their disk, their clock and their ways to the cloud.
import type { Hardware } from "#hardware/ports.ts";
import type { CloudHttpDeps } from "../cloud-http.ts";
import type { CloudAuthorization } from "../cloud-identity.ts";
import type { LogEntry } from "../log.ts";
import { certificateAsker, certificateWriter, enrolmentLoader, keyMaker } from "./enrolment.actor.ts";
import { enrolmentMachine } from "./enrolment.machine.ts";
import { bootstrapSession, certificateExaminer, credentialsLoader, credentialsWriter } from "./registration.actor.ts";
import { registrationMachine } from "./registration.machine.ts";
import { certificateRenewer, renewalDiscarder, renewalLook } from "./renewal.actor.ts";
import { renewalMachine } from "./renewal.machine.ts";

export interface RegistrationDeps {
  readonly hardware: Hardware;
  readonly mqtt: Parameters<typeof bootstrapSession>[1];
  readonly https: CloudHttpDeps;
  readonly log: (entry: LogEntry) => void;
}

export function provideRegistration({ hardware, mqtt, https, log }: RegistrationDeps) {
  const actions = { log: (_: unknown, entry: LogEntry): void => log(entry) };
  return registrationMachine.provide({
    actions,
    actors: {
      loadCredentials: credentialsLoader(hardware),
      storeCredentials: credentialsWriter(hardware),
      bootstrap: bootstrapSession(hardware, mqtt),
      examineCertificate: certificateExaminer(hardware),
      enrolment: enrolmentMachine.provide({
        actions,
        actors: {
          loadState: enrolmentLoader(hardware),
          makeKey: keyMaker(hardware),
          ask: certificateAsker(https, hardware),
          storeCertificate: certificateWriter(hardware),
        },
      }),
    },
  });
}

export interface RenewalDeps {
  readonly hardware: Hardware;
  readonly https: CloudHttpDeps;
  readonly authorization: CloudAuthorization;
  readonly log: (entry: LogEntry) => void;
}

export function provideRenewal({ hardware, https, authorization, log }: RenewalDeps) {
  return renewalMachine.provide({
    actions: { log: (_, entry) => log(entry) },
    actors: {
      look: renewalLook(hardware),
      renew: certificateRenewer(https, authorization, hardware),
      keep: certificateWriter(hardware),
      discard: renewalDiscarder(hardware),
    },
  });
}

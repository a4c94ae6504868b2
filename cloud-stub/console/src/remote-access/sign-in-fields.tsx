// How one signs in at an endpoint: the part of its form that depends on protocol and method.
import type { ReactNode } from "react";
import { ChoiceField, TextField } from "../frame/text-field.tsx";
import { type EndpointDraft, hasPin, signInsFor } from "./endpoint-draft.ts";
import type { CredentialsType, Endpoint } from "./endpoint-shape.ts";
import type { EndpointField } from "./field-errors.ts";
import { CertificateField, HostKeyField, KeyPairFields, LegacyAlgorithms } from "./key-fields.tsx";

export interface SignInFieldsProps {
  readonly draft: EndpointDraft;
  readonly change: (part: Partial<EndpointDraft>) => void;
  readonly existing: Endpoint | undefined;
  readonly errorAt: (field: EndpointField) => string | undefined;
  /** Takes the cloud's words away from fields that now have something else in them. */
  readonly forgive: (fields: readonly EndpointField[]) => void;
}

const signInTexts: Readonly<Record<CredentialsType, string>> = {
  NONE: "No password",
  PASS_ONLY: "Password only",
  USER_PASS: "Username and password",
  KEY_PAIR: "Public/private keys",
  CERTIFICATE: "Certificate",
};

const signInHints: Readonly<Partial<Record<CredentialsType, string>>> = {
  NONE: "A panel that wants a password asks for it at each connection.",
  KEY_PAIR: "Generate a pair here, paste one, or upload it from a file.",
  CERTIFICATE: "A key pair and a certificate that an authority of yours signed for it.",
};

export function SignInFields(props: SignInFieldsProps): ReactNode {
  const { draft, change, errorAt } = props;
  const type = draft.credentialsType;
  const hint = signInHints[type];
  return (
    <>
      <ChoiceField
        id="endpoint-sign-in"
        label={draft.protocol === "SSH" ? "Sign-in method" : "Sign-in"}
        value={type}
        onChange={(value) => change({ credentialsType: value as CredentialsType })}
        choices={signInsFor(draft.protocol).map((value) => ({ value, text: signInTexts[value] }))}
        {...(hint === undefined ? {} : { hint })}
        error={errorAt("credentialsType")}
      />
      {type !== "NONE" && <Username {...props} />}
      {(type === "PASS_ONLY" || type === "USER_PASS") && <Password {...props} />}
      {(type === "KEY_PAIR" || type === "CERTIFICATE") && <KeyPairFields {...props} />}
      {type === "CERTIFICATE" && <CertificateField {...props} />}
      {hasPin(draft) && <HostKeyField {...props} />}
      {draft.protocol === "SSH" && <LegacyAlgorithms {...props} />}
    </>
  );
}

function Username({ draft, change, errorAt }: SignInFieldsProps): ReactNode {
  return (
    <TextField
      id="endpoint-username"
      label={draft.protocol === "VNC" ? "User (optional)" : "User"}
      value={draft.username}
      onChange={(username) => change({ username })}
      {...(draft.protocol === "VNC" ? { hint: "Only for VNC servers that ask for a user as well." } : {})}
      error={errorAt("username")}
    />
  );
}

function Password({ draft, change, existing, errorAt }: SignInFieldsProps): ReactNode {
  const isStored = (existing?.credentials?.password ?? null) !== null;
  return (
    <TextField
      id="endpoint-password"
      label="Password"
      type="password"
      value={draft.password}
      onChange={(password) => change({ password })}
      autoComplete="new-password"
      {...(isStored ? { placeholder: "Stored; leave empty to keep it" } : {})}
      hint={
        draft.protocol === "VNC"
          ? "The password of the VNC server. It is stored encrypted and never shown again."
          : "It is stored encrypted and never shown again."
      }
      error={errorAt("password")}
    />
  );
}

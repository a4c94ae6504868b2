// The form that adds or edits an endpoint. What was typed survives an error.
import { IxButton } from "@siemens/ix-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { errorText, isApiError } from "../cloud/api-error.ts";
import { Dialog } from "../frame/dialog.tsx";
import { ChoiceField, TextField } from "../frame/text-field.tsx";
import {
  type CredentialsType,
  type Endpoint,
  type EndpointDraft,
  type OfferedProtocol,
  saveEndpoint,
} from "./endpoint.ts";
import { type EndpointField, readSaveErrors, type SaveErrors } from "./field-errors.ts";

interface EndpointDialogProps {
  readonly deviceId: string;
  readonly protocols: readonly OfferedProtocol[];
  /** The endpoint to edit; undefined to add one. */
  readonly existing: Endpoint | undefined;
  readonly onSaved: () => void;
  readonly onClose: () => void;
}

const noErrors: SaveErrors = { fields: {} };

export function EndpointDialog({ deviceId, protocols, existing, onSaved, onClose }: EndpointDialogProps): ReactNode {
  const [draft, setDraft] = useState<EndpointDraft>(() => draftOf(existing, protocols));
  const [errors, setErrors] = useState<SaveErrors>(noErrors);
  const [isBusy, setIsBusy] = useState(false);
  const change = (part: Partial<EndpointDraft>): void => setDraft((last) => ({ ...last, ...part }));

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    setErrors(noErrors);
    try {
      await saveEndpoint(deviceId, draft, existing);
      onSaved();
      onClose();
    } catch (failure) {
      const text = errorText(failure);
      setErrors(isApiError(failure, "api.invalid") ? readSaveErrors(text) : { fields: {}, general: text });
      setIsBusy(false);
    }
  };

  const isVnc = draft.protocol === "VNC";
  const errorAt = (field: EndpointField): string | undefined => errors.fields[field];
  // An error of a field that is not on the form still has to be seen.
  const hidden = isVnc ? [] : [errors.fields.credentialsType, errors.fields.password];
  const general = [errors.general, ...hidden].filter((text) => text !== undefined).join(" ");

  return (
    <Dialog
      title={existing === undefined ? "Add endpoint" : "Edit endpoint"}
      testId="endpoint-dialog"
      onDismiss={onClose}
      footer={
        <>
          <IxButton variant="secondary" onClick={onClose} data-testid="endpoint-cancel">
            Cancel
          </IxButton>
          <IxButton type="submit" form="endpoint-form" loading={isBusy} data-testid="endpoint-save">
            Save
          </IxButton>
        </>
      }
    >
      <form id="endpoint-form" className="stack" onSubmit={submit} noValidate>
        <ChoiceField
          id="endpoint-protocol"
          label="Protocol"
          value={draft.protocol}
          onChange={(protocol) => change(withProtocol(draft, protocol, protocols))}
          choices={choicesOf(protocols, draft.protocol)}
          hint={isVnc ? "The console shows the panel’s screen." : "Bytes as they are, for a native client."}
          error={errorAt("protocol")}
        />
        <TextField
          id="endpoint-name"
          label="Name"
          value={draft.name}
          onChange={(name) => change({ name })}
          placeholder="A description, for example Press 4 panel"
          error={errorAt("name")}
          hasInitialFocus
        />
        <div className="host-and-port">
          <TextField
            id="endpoint-host"
            label="IP address"
            value={draft.hostname}
            onChange={(hostname) => change({ hostname })}
            placeholder="for example 192.168.10.11"
            hint="As the gateway reaches it. A host name works too."
            error={errorAt("hostname")}
          />
          <TextField
            id="endpoint-port"
            label="Port"
            inputMode="numeric"
            value={draft.port}
            onChange={(port) => change({ port })}
            error={errorAt("port")}
          />
        </div>
        {isVnc && <SignInFields draft={draft} change={change} existing={existing} errorAt={errorAt} />}
        {existing !== undefined && (
          <p className="field-hint">Saving a change ends open connections to this endpoint.</p>
        )}
        <div role="alert" className="form-error" data-testid="endpoint-error">
          {general}
        </div>
      </form>
    </Dialog>
  );
}

interface SignInFieldsProps {
  readonly draft: EndpointDraft;
  readonly change: (part: Partial<EndpointDraft>) => void;
  readonly existing: Endpoint | undefined;
  readonly errorAt: (field: EndpointField) => string | undefined;
}

function SignInFields({ draft, change, existing, errorAt }: SignInFieldsProps): ReactNode {
  const isStored = existing?.credentials?.type === "PASS_ONLY";
  return (
    <>
      <ChoiceField
        id="endpoint-sign-in"
        label="Sign-in"
        value={draft.credentialsType}
        onChange={(value) => change({ credentialsType: value as CredentialsType })}
        choices={[
          { value: "NONE", text: "No password" },
          { value: "PASS_ONLY", text: "Password only" },
        ]}
        {...(draft.credentialsType === "NONE"
          ? { hint: "A panel that wants a password asks for it at each connection." }
          : {})}
        error={errorAt("credentialsType")}
      />
      {draft.credentialsType === "PASS_ONLY" && (
        <TextField
          id="endpoint-password"
          label="Password"
          type="password"
          value={draft.password}
          onChange={(password) => change({ password })}
          autoComplete="new-password"
          {...(isStored ? { placeholder: "Stored; leave empty to keep it" } : {})}
          hint="The password of the VNC server. It is stored encrypted and never shown again."
          error={errorAt("password")}
        />
      )}
    </>
  );
}

function draftOf(existing: Endpoint | undefined, protocols: readonly OfferedProtocol[]): EndpointDraft {
  return {
    name: existing?.name ?? "",
    protocol: existing?.protocol ?? protocols[0]?.protocol ?? "VNC",
    hostname: existing?.hostname ?? "",
    port: existing === undefined ? (protocols[0]?.defaultPort ?? "") : String(existing.port),
    credentialsType: existing?.credentials?.type === "PASS_ONLY" ? "PASS_ONLY" : "NONE",
    password: "",
  };
}

/** A port that the person did not choose follows the protocol; a sign-in that the protocol lacks goes. */
function withProtocol(
  draft: EndpointDraft,
  protocol: string,
  protocols: readonly OfferedProtocol[],
): Partial<EndpointDraft> {
  const portOf = (wanted: string): string | undefined =>
    protocols.find((offered) => offered.protocol === wanted)?.defaultPort;
  return {
    protocol,
    ...(draft.port === portOf(draft.protocol) ? { port: portOf(protocol) ?? draft.port } : {}),
    ...(protocol === "VNC" ? {} : { credentialsType: "NONE" as const }),
  };
}

/** An endpoint made by another client may have a protocol that this console does not offer: it stays choosable. */
function choicesOf(
  protocols: readonly OfferedProtocol[],
  current: string,
): readonly { readonly value: string; readonly text: string }[] {
  const choices = protocols.map(({ protocol, text }) => ({ value: protocol as string, text }));
  return choices.some((choice) => choice.value === current) ? choices : [...choices, { value: current, text: current }];
}

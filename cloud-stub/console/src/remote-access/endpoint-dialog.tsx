// The form that adds or edits an endpoint. What was typed survives an error.
import { IxButton } from "@siemens/ix-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { Dialog } from "../frame/dialog.tsx";
import { ChoiceField, TextField } from "../frame/text-field.tsx";
import { saveEndpoint } from "./endpoint.ts";
import { draftOf, type EndpointDraft, hasPin, withProtocol } from "./endpoint-draft.ts";
import type { Endpoint, OfferedProtocol } from "./endpoint-shape.ts";
import type { EndpointField } from "./field-errors.ts";
import "./remote-access.css";
import { SignInFields } from "./sign-in-fields.tsx";
import { useEndpointErrors } from "./use-endpoint-errors.ts";

interface EndpointDialogProps {
  readonly deviceId: string;
  readonly protocols: readonly OfferedProtocol[];
  /** The endpoint to edit; undefined to add one. */
  readonly existing: Endpoint | undefined;
  readonly onSaved: () => void;
  readonly onClose: () => void;
}

const protocolHints: Readonly<Record<string, string>> = {
  VNC: "The console shows the panel’s screen.",
  TELNET: "A terminal in the console. Not encrypted between the gateway and the device.",
  SSH: "A terminal in the console. The cloud signs in with what is stored here.",
  PASSTHROUGH: "Bytes as they are, for a native client.",
};

export function EndpointDialog({ deviceId, protocols, existing, onSaved, onClose }: EndpointDialogProps): ReactNode {
  const [draft, setDraft] = useState<EndpointDraft>(() => draftOf(existing, protocols));
  const { errors, touch, forgive, clear, refused } = useEndpointErrors(deviceId, draft, existing);
  const [isBusy, setIsBusy] = useState(false);
  const change = (part: Partial<EndpointDraft>): void => {
    touch(part);
    setDraft((last) => ({ ...last, ...part }));
  };

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    clear();
    try {
      await saveEndpoint(deviceId, draft, existing);
      onSaved();
      onClose();
    } catch (failure) {
      refused(failure);
      setIsBusy(false);
    }
  };

  const hasSignIn = draft.protocol === "VNC" || draft.protocol === "SSH";
  const errorAt = (field: EndpointField): string | undefined => errors.fields[field];
  // An error of a field that is not on the form still has to be seen.
  const hidden = [
    ...(hasSignIn ? [] : [errors.fields.credentialsType, errors.fields.password]),
    ...(hasPin(draft) ? [] : [errors.fields.hostKey]),
  ];
  const general = [errors.general, ...hidden].filter((text) => text !== undefined).join(" ");

  return (
    <Dialog
      title={existing === undefined ? "Add endpoint" : "Edit endpoint"}
      testId="endpoint-dialog"
      onDismiss={onClose}
      size={draft.protocol === "SSH" ? "600" : "480"}
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
          hint={protocolHints[draft.protocol] ?? ""}
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
        {hasSignIn && (
          <SignInFields draft={draft} change={change} existing={existing} errorAt={errorAt} forgive={forgive} />
        )}
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

/** An endpoint made by another client may have a protocol that this console does not offer: it stays choosable. */
function choicesOf(
  protocols: readonly OfferedProtocol[],
  current: string,
): readonly { readonly value: string; readonly text: string }[] {
  const choices = protocols.map(({ protocol, text }) => ({ value: protocol as string, text }));
  return choices.some((choice) => choice.value === current) ? choices : [...choices, { value: current, text: current }];
}

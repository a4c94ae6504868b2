// Shows the command with which an endpoint is opened to a native client such as ssh or a VNC viewer.
import { IxButton } from "@siemens/ix-react";
import { type ReactNode, useEffect, useState } from "react";
import { CopyButton } from "../frame/copy-button.tsx";
import { Dialog } from "../frame/dialog.tsx";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { fetchTenantId } from "../sign-in/sign-in-requests.ts";
import type { Endpoint } from "./endpoint-shape.ts";
import { type NativeCommands, nativeCommands } from "./native-command.ts";

interface NativeClientDialogProps {
  readonly deviceId: string;
  readonly endpoint: Endpoint;
  readonly onClose: () => void;
}

export function NativeClientDialog({ deviceId, endpoint, onClose }: NativeClientDialogProps): ReactNode {
  const { userName } = useCurrentUser();
  const tenantId = useTenantId();
  const commands = nativeCommands(endpoint, { deviceId, origin: location.origin, tenantId, userName });
  return (
    <Dialog
      title="Use a native client"
      testId="native-dialog"
      size="600"
      onDismiss={onClose}
      footer={
        <IxButton onClick={onClose} data-testid="native-close">
          Close
        </IxButton>
      }
    >
      {commands === undefined ? <NotForSsh /> : <Commands endpoint={endpoint} commands={commands} />}
    </Dialog>
  );
}

function Commands({
  endpoint,
  commands,
}: {
  readonly endpoint: Endpoint;
  readonly commands: NativeCommands;
}): ReactNode {
  return (
    <>
      <p>
        On your own computer, this command opens <strong>{endpoint.name}</strong> on a port of that computer and says
        which one. It asks for your password for this cloud.
      </p>
      <Command title="Open a port" text={commands.connect} testId="native-command" />
      {commands.ssh !== undefined && (
        <Command title="Or let ssh do it" text={commands.ssh} testId="native-ssh-command" />
      )}
      <p className="field-hint">
        If the cloud has a certificate of its own authority, add <code>--ca</code> with the file of that authority.
      </p>
    </>
  );
}

function NotForSsh(): ReactNode {
  return (
    <p data-testid="native-not-for-ssh">
      For SSH endpoints the cloud itself signs in with what is stored, and shows a terminal. To use an SSH client of
      your own, add an endpoint with the protocol Passthrough to the same address and port, and use that one.
    </p>
  );
}

interface CommandProps {
  readonly title: string;
  readonly text: string;
  readonly testId: string;
}

function Command({ title, text, testId }: CommandProps): ReactNode {
  return (
    <>
      <div className="command-head">
        <span className="ix-form-label">{title}</span>
        <CopyButton text={text} testId={`${testId}-copy`} />
      </div>
      <pre className="command" data-testid={testId}>
        {text}
      </pre>
    </>
  );
}

function useTenantId(): string {
  const [tenantId, setTenantId] = useState("t1000");
  useEffect(() => {
    let isGone = false;
    fetchTenantId().then(
      (id) => {
        if (!isGone) setTenantId(id);
      },
      () => {
        // The banner tells of a cloud that does not answer; until it does, the usual name stands here.
      },
    );
    return () => {
      isGone = true;
    };
  }, []);
  return tenantId;
}

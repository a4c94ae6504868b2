// The Remote access tab: the endpoints behind a gateway, and the way to their screens.
import { iconPlus, iconRemoteAccess } from "@siemens/ix-icons/icons";
import { IxButton, IxEmptyState } from "@siemens/ix-react";
import { type ReactNode, useCallback, useState } from "react";
import { canRemoteAccess, isOnline } from "../devices/device.ts";
import { useDevice } from "../devices/device-page.tsx";
import { ConfirmDialog } from "../frame/confirm-dialog.tsx";
import { PolledContent } from "../frame/polled-content.tsx";
import { usePolled } from "../polling/use-polled.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayConfigureEndpoints, mayConnect } from "../sign-in/permissions.ts";
import { fetchEndpoint, fetchEndpoints, protocolsFor, removeEndpoint } from "./endpoint.ts";
import { EndpointDialog } from "./endpoint-dialog.tsx";
import type { Endpoint } from "./endpoint-shape.ts";
import { EndpointTable } from "./endpoint-table.tsx";
import { missingForRemoteAccess } from "./missing.ts";
import { NativeClientDialog } from "./native-client-dialog.tsx";
import { useIsSubscribed } from "./subscription.ts";

const refreshEveryMs = 10_000;

export function EndpointsTab(): ReactNode {
  const device = useDevice();
  const user = useCurrentUser();
  const missing = missingForRemoteAccess({
    isAllowed: mayConnect(user),
    isSubscribed: useIsSubscribed() !== false,
    isSupported: canRemoteAccess(device),
  });
  if (missing !== undefined) {
    return <IxEmptyState header="Remote access is not available here" subHeader={missing} icon={iconRemoteAccess} />;
  }
  return <Endpoints mayConfigure={mayConfigureEndpoints(user)} />;
}

type OpenDialog =
  | { readonly kind: "none" }
  | { readonly kind: "add" }
  | { readonly kind: "edit"; readonly endpoint: Endpoint }
  | { readonly kind: "remove"; readonly endpoint: Endpoint }
  | { readonly kind: "native"; readonly endpoint: Endpoint };

function Endpoints({ mayConfigure }: { readonly mayConfigure: boolean }): ReactNode {
  const device = useDevice();
  const load = useCallback((signal: AbortSignal) => fetchEndpoints(device.id, signal), [device.id]);
  const polled = usePolled(load, refreshEveryMs);
  const [dialog, setDialog] = useState<OpenDialog>({ kind: "none" });
  const close = (): void => setDialog({ kind: "none" });
  /** As it is now: a connection in another tab may have learnt a key since the list was read. */
  const edit = async (endpoint: Endpoint): Promise<void> => {
    try {
      setDialog({ kind: "edit", endpoint: await fetchEndpoint(device.id, endpoint.id, AbortSignal.timeout(5000)) });
    } catch {
      // Saving will say what is wrong.
      setDialog({ kind: "edit", endpoint });
    }
  };

  return (
    <>
      <div className="tab-bar">
        <p className="soft">
          Endpoints are the panels and machines that this gateway reaches in its local network.
          {!isOnline(device) && " The gateway is offline: a connection waits up to 30 seconds for it."}
        </p>
        {mayConfigure && (
          <IxButton icon={iconPlus} onClick={() => setDialog({ kind: "add" })} data-testid="add-endpoint">
            Add endpoint
          </IxButton>
        )}
      </div>
      <PolledContent polled={polled} waitText="Reading the endpoints">
        {(endpoints) =>
          endpoints.length === 0 ? (
            <NoEndpoints mayConfigure={mayConfigure} />
          ) : (
            <EndpointTable
              deviceId={device.id}
              endpoints={endpoints}
              mayConfigure={mayConfigure}
              onEdit={(endpoint) => void edit(endpoint)}
              onRemove={(endpoint) => setDialog({ kind: "remove", endpoint })}
              onNative={(endpoint) => setDialog({ kind: "native", endpoint })}
            />
          )
        }
      </PolledContent>
      {!mayConfigure && (
        <p className="help-line">
          To add, edit or remove endpoints you need “Change” permission for Remote access and for Device control.
        </p>
      )}
      {(dialog.kind === "add" || dialog.kind === "edit") && (
        <EndpointDialog
          deviceId={device.id}
          protocols={protocolsFor(device.c8y_RemoteAccessSupportedProtocols)}
          existing={dialog.kind === "edit" ? dialog.endpoint : undefined}
          onSaved={polled.refresh}
          onClose={close}
        />
      )}
      {dialog.kind === "native" && (
        <NativeClientDialog deviceId={device.id} endpoint={dialog.endpoint} onClose={close} />
      )}
      {dialog.kind === "remove" && (
        <ConfirmDialog
          title="Remove the endpoint"
          testId="remove-endpoint-dialog"
          confirmText="Remove"
          onConfirm={() => removeEndpoint(device.id, dialog.endpoint.id)}
          onDone={polled.refresh}
          onClose={close}
        >
          <strong>{dialog.endpoint.name}</strong> ({dialog.endpoint.hostname}:{dialog.endpoint.port}) and what is stored
          to sign in there are removed. Open connections to it end at once.
        </ConfirmDialog>
      )}
    </>
  );
}

function NoEndpoints({ mayConfigure }: { readonly mayConfigure: boolean }): ReactNode {
  return (
    <div data-testid="no-endpoints">
      <IxEmptyState
        header="No endpoints yet"
        subHeader={
          mayConfigure
            ? "Add the IP address and port of a VNC, SSH or Telnet server, as the gateway can reach it."
            : "Somebody who may change endpoints has to add one first."
        }
        icon={iconRemoteAccess}
      />
    </div>
  );
}

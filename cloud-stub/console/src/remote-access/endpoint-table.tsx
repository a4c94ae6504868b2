// The list of endpoints: Connect in each row, and a menu with Edit and Remove at its right.
import {
  iconContextMenu,
  iconLink,
  iconOpenExternal,
  iconPen,
  iconScreen,
  iconTrashcan,
} from "@siemens/ix-icons/icons";
import { IxButton, IxDropdownButton, IxDropdownItem, IxIcon } from "@siemens/ix-react";
import type { ReactNode } from "react";
import { type Endpoint, isOffered, protocolText } from "./endpoint.ts";

interface EndpointTableProps {
  readonly deviceId: string;
  readonly endpoints: readonly Endpoint[];
  readonly mayConfigure: boolean;
  readonly onEdit: (endpoint: Endpoint) => void;
  readonly onRemove: (endpoint: Endpoint) => void;
}

export function EndpointTable({ deviceId, endpoints, mayConfigure, onEdit, onRemove }: EndpointTableProps): ReactNode {
  return (
    <div className="table-scroll">
      <table className="ix-table" data-testid="endpoint-table">
        <thead>
          <tr>
            <th scope="col">Endpoint</th>
            <th scope="col">Host</th>
            <th scope="col">Port</th>
            <th scope="col">Protocol</th>
            <th scope="col" className="wide-only">
              Sign-in
            </th>
            <th scope="col" className="actions">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {endpoints.map((endpoint) => (
            <tr key={endpoint.id} data-testid={`endpoint-${endpoint.id}`} data-name={endpoint.name}>
              <td className="breaks">
                <span className="with-icon">
                  <IxIcon name={endpoint.protocol === "VNC" ? iconScreen : iconLink} size="16" aria-hidden="true" />
                  <span>{endpoint.name}</span>
                </span>
              </td>
              <td className="mono breaks">{endpoint.hostname}</td>
              <td className="mono">{endpoint.port}</td>
              <td>{protocolText(endpoint.protocol)}</td>
              <td className="wide-only">{signInText(endpoint)}</td>
              <td className="actions">
                <Connect deviceId={deviceId} endpoint={endpoint} />
                {mayConfigure && <RowMenu endpoint={endpoint} onEdit={onEdit} onRemove={onRemove} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function signInText(endpoint: Endpoint): string {
  if (endpoint.protocol !== "VNC") return "—";
  return endpoint.credentials?.type === "PASS_ONLY" ? "Password stored" : "No password";
}

function Connect({ deviceId, endpoint }: { readonly deviceId: string; readonly endpoint: Endpoint }): ReactNode {
  if (endpoint.protocol !== "VNC") {
    return (
      <span className="soft native-client" data-testid={`native-${endpoint.id}`}>
        {endpoint.protocol === "PASSTHROUGH"
          ? "Needs a native client and a local proxy"
          : "This console cannot open this protocol"}
      </span>
    );
  }
  return (
    <IxButton
      href={`/connect/${encodeURIComponent(deviceId)}/${encodeURIComponent(endpoint.id)}`}
      target="_blank"
      rel="noopener"
      iconRight={iconOpenExternal}
      aria-label={`Connect to ${endpoint.name} in a new tab`}
      data-testid={`connect-${endpoint.id}`}
    >
      Connect
    </IxButton>
  );
}

function RowMenu({
  endpoint,
  onEdit,
  onRemove,
}: {
  readonly endpoint: Endpoint;
  readonly onEdit: (endpoint: Endpoint) => void;
  readonly onRemove: (endpoint: Endpoint) => void;
}): ReactNode {
  return (
    <IxDropdownButton
      variant="subtle-tertiary"
      icon={iconContextMenu}
      enableTopLayer
      placement="bottom-end"
      ariaLabelDropdownButton={`More for ${endpoint.name}`}
      data-testid={`endpoint-menu-${endpoint.id}`}
    >
      {isOffered(endpoint.protocol) && (
        <IxDropdownItem
          label="Edit"
          icon={iconPen}
          onClick={() => onEdit(endpoint)}
          data-testid={`edit-endpoint-${endpoint.id}`}
        />
      )}
      <IxDropdownItem
        label="Remove"
        icon={iconTrashcan}
        onClick={() => onRemove(endpoint)}
        data-testid={`remove-endpoint-${endpoint.id}`}
      />
    </IxDropdownButton>
  );
}

// The list of endpoints: Connect in each row, and a menu with Edit and Remove at its right.
import {
  iconCode,
  iconContextMenu,
  iconLink,
  iconOpenExternal,
  iconPcTower,
  iconPen,
  iconScreen,
  iconTrashcan,
} from "@siemens/ix-icons/icons";
import { IxButton, IxDropdownButton, IxDropdownItem, IxIcon } from "@siemens/ix-react";
import type { ReactNode } from "react";
import { isOffered, isOpenable, protocolText } from "./endpoint.ts";
import type { Endpoint } from "./endpoint-shape.ts";

interface EndpointTableProps {
  readonly deviceId: string;
  readonly endpoints: readonly Endpoint[];
  readonly mayConfigure: boolean;
  readonly onEdit: (endpoint: Endpoint) => void;
  readonly onRemove: (endpoint: Endpoint) => void;
  readonly onNative: (endpoint: Endpoint) => void;
}

export function EndpointTable(props: EndpointTableProps): ReactNode {
  const { deviceId, endpoints } = props;
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
                  <IxIcon name={iconOf(endpoint.protocol)} size="16" aria-hidden="true" />
                  <span>{endpoint.name}</span>
                </span>
              </td>
              <td className="mono breaks">{endpoint.hostname}</td>
              <td className="mono">{endpoint.port}</td>
              <td>{protocolText(endpoint.protocol)}</td>
              <td className="wide-only">{signInText(endpoint)}</td>
              <td className="actions">
                <Connect deviceId={deviceId} endpoint={endpoint} onNative={props.onNative} />
                <RowMenu endpoint={endpoint} {...props} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function iconOf(protocol: string): string {
  if (protocol === "VNC") return iconScreen;
  return protocol === "SSH" || protocol === "TELNET" ? iconCode : iconLink;
}

function signInText({ protocol, credentials }: Endpoint): string {
  switch (credentials?.type) {
    case "PASS_ONLY":
      return "Password stored";
    case "USER_PASS":
      return "Username and password";
    case "KEY_PAIR":
      return "Public/private keys";
    case "CERTIFICATE":
      return "Certificate";
    default:
      return protocol === "VNC" ? "No password" : "—";
  }
}

interface ConnectProps {
  readonly deviceId: string;
  readonly endpoint: Endpoint;
  readonly onNative: (endpoint: Endpoint) => void;
}

function Connect({ deviceId, endpoint, onNative }: ConnectProps): ReactNode {
  if (!isOpenable(endpoint.protocol)) {
    return (
      <IxButton
        variant="secondary"
        icon={iconPcTower}
        onClick={() => onNative(endpoint)}
        data-testid={`native-${endpoint.id}`}
      >
        Native client
      </IxButton>
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

interface RowMenuProps {
  readonly endpoint: Endpoint;
  readonly mayConfigure: boolean;
  readonly onEdit: (endpoint: Endpoint) => void;
  readonly onRemove: (endpoint: Endpoint) => void;
  readonly onNative: (endpoint: Endpoint) => void;
}

function RowMenu({ endpoint, mayConfigure, onEdit, onRemove, onNative }: RowMenuProps): ReactNode {
  return (
    <IxDropdownButton
      variant="subtle-tertiary"
      icon={iconContextMenu}
      enableTopLayer
      placement="bottom-end"
      ariaLabelDropdownButton={`More for ${endpoint.name}`}
      data-testid={`endpoint-menu-${endpoint.id}`}
    >
      <IxDropdownItem
        label="Use a native client"
        icon={iconPcTower}
        onClick={() => onNative(endpoint)}
        data-testid={`native-client-${endpoint.id}`}
      />
      {mayConfigure && isOffered(endpoint.protocol) && (
        <IxDropdownItem
          label="Edit"
          icon={iconPen}
          onClick={() => onEdit(endpoint)}
          data-testid={`edit-endpoint-${endpoint.id}`}
        />
      )}
      {mayConfigure && (
        <IxDropdownItem
          label="Remove"
          icon={iconTrashcan}
          onClick={() => onRemove(endpoint)}
          data-testid={`remove-endpoint-${endpoint.id}`}
        />
      )}
    </IxDropdownButton>
  );
}

// All gateways with their online state.
import { iconDeviceManager, iconSearch } from "@siemens/ix-icons/icons";
import { IxContentHeader, IxEmptyState, IxIcon } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { Link, useNavigate } from "react-router";
import { PolledContent } from "../frame/polled-content.tsx";
import { TimeAgo } from "../frame/time-ago.tsx";
import { usePageTitle } from "../frame/use-page-title.ts";
import { usePolled } from "../polling/use-polled.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayReadDevices, mayRegisterDevices } from "../sign-in/permissions.ts";
import { type Device, deviceName, deviceSerial, fetchDevices, isOnline } from "./device.ts";
import { OnlineState } from "./online-state.tsx";

const refreshEveryMs = 4000;

export function DevicesPage(): ReactNode {
  const user = useCurrentUser();
  usePageTitle("All devices");
  if (!mayReadDevices(user)) {
    return (
      <IxEmptyState
        header="You may not see devices"
        subHeader="That needs the permission “Read” for Inventory. Ask an administrator for it."
        icon={iconDeviceManager}
      />
    );
  }
  return <DeviceList />;
}

function DeviceList(): ReactNode {
  const polled = usePolled(fetchDevices, refreshEveryMs);
  const { value } = polled;
  const [filter, setFilter] = useState("");
  const shown = value?.devices.filter((device) => matches(device, filter)) ?? [];
  const online = value?.devices.filter(isOnline).length ?? 0;
  const count = value?.devices.length ?? 0;

  return (
    <>
      <IxContentHeader
        headerTitle="All devices"
        headerSubtitle={
          value === undefined ? "Gateways registered with this cloud" : `${count} registered, ${online} online`
        }
      >
        {count > 0 && <Filter value={filter} onChange={setFilter} />}
      </IxContentHeader>
      <PolledContent polled={polled} waitText="Reading the list of devices">
        {({ isCutOff }) => (
          <>
            {count === 0 && <NoDevices />}
            {count > 0 && shown.length === 0 && (
              <IxEmptyState layout="compact" header={`No device matches “${filter}”`} icon={iconSearch} />
            )}
            {shown.length > 0 && <DeviceTable devices={shown} />}
            {isCutOff && <p className="soft">There are more devices than this list shows.</p>}
          </>
        )}
      </PolledContent>
    </>
  );
}

function matches(device: Device, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  if (wanted === "") return true;
  const words = [
    deviceName(device),
    deviceSerial(device),
    device.id,
    device.type,
    isOnline(device) ? "online" : "offline",
  ];
  return words.some((word) => word?.toLowerCase().includes(wanted));
}

function Filter({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactNode {
  return (
    <search className="filter">
      <IxIcon name={iconSearch} size="16" aria-hidden="true" />
      <input
        className="ix-form-control"
        type="search"
        placeholder="Filter by name, ID or type"
        aria-label="Filter devices"
        data-testid="device-filter"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </search>
  );
}

function NoDevices(): ReactNode {
  const navigate = useNavigate();
  const mayRegister = mayRegisterDevices(useCurrentUser());
  return (
    <div data-testid="no-devices">
      <IxEmptyState
        header="No devices yet"
        subHeader={
          mayRegister
            ? "Register a gateway: enter its device ID on the registration page, switch the gateway on so that it calls in, then accept it."
            : "An administrator can register gateways on the registration page. That needs “Change” permission for Device control."
        }
        icon={iconDeviceManager}
        {...(mayRegister ? { action: "Register a device" } : {})}
        onActionClick={() => void navigate("/registration")}
      />
    </div>
  );
}

function DeviceTable({ devices }: { readonly devices: readonly Device[] }): ReactNode {
  const navigate = useNavigate();
  return (
    <div className="table-scroll">
      <table className="ix-table rows-open" data-testid="device-table">
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Name</th>
            <th scope="col">Device ID</th>
            <th scope="col">Type</th>
            <th scope="col">Last message</th>
          </tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            // The name's link serves the keyboard; a click anywhere in the row is only a shortcut for the pointer.
            <tr
              key={device.id}
              data-testid={`device-${device.id}`}
              onClick={() => void navigate(`/devices/${device.id}`)}
            >
              <td>
                <OnlineState isOnline={isOnline(device)} />
              </td>
              <td className="breaks">
                <Link to={`/devices/${device.id}`} onClick={(event) => event.stopPropagation()}>
                  {deviceName(device)}
                </Link>
              </td>
              <td className="mono breaks">{deviceSerial(device) ?? device.id}</td>
              <td className="breaks">{device.type ?? "—"}</td>
              <td>
                <TimeAgo iso={device.c8y_Availability?.lastMessage} otherwise="never" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

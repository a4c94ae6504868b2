// One gateway: its header and its tabs.
import { iconDeviceManager } from "@siemens/ix-icons/icons";
import { IxContentHeader, IxEmptyState, IxTabItem, IxTabs } from "@siemens/ix-react";
import { type ReactNode, useCallback } from "react";
import { Outlet, useLocation, useNavigate, useOutletContext, useParams } from "react-router";
import { isApiError } from "../cloud/api-error.ts";
import { PolledContent } from "../frame/polled-content.tsx";
import { usePageTitle } from "../frame/use-page-title.ts";
import { usePolled } from "../polling/use-polled.ts";
import { useIsSubscribed } from "../remote-access/subscription.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import {
  mayConnect,
  mayReadAlarms,
  mayReadAudit,
  mayReadMeasurements,
  mayReadOperations,
} from "../sign-in/permissions.ts";
import { canRemoteAccess, type Device, deviceName, fetchDevice, isOnline } from "./device.ts";
import { OnlineState } from "./online-state.tsx";

const refreshEveryMs = 4000;

export function DevicePage(): ReactNode {
  const { deviceId = "" } = useParams();
  const navigate = useNavigate();
  const load = useCallback((signal: AbortSignal) => fetchDevice(deviceId, signal), [deviceId]);
  const polled = usePolled(load, refreshEveryMs);
  const { value: device, error } = polled;
  usePageTitle(device === undefined ? "Device" : deviceName(device));

  if (isApiError(error, "api.not-found")) {
    return (
      <IxEmptyState
        header="There is no such device"
        subHeader="It may have been removed."
        icon={iconDeviceManager}
        action="Go to all devices"
        onActionClick={() => void navigate("/devices")}
      />
    );
  }
  return (
    <>
      <IxContentHeader
        hasBackButton
        headerTitle={device === undefined ? "Device" : deviceName(device)}
        onBackButtonClick={() => void navigate("/devices")}
      >
        {device !== undefined && <OnlineState isOnline={isOnline(device)} />}
      </IxContentHeader>
      <PolledContent polled={polled} waitText="Reading the device">
        {(known) => <DeviceTabs device={known} />}
      </PolledContent>
    </>
  );
}

function DeviceTabs({ device }: { readonly device: Device }): ReactNode {
  const user = useCurrentUser();
  // Until the cloud has said that it is not subscribed, the tab stays: it would jump otherwise.
  const isSubscribed = useIsSubscribed() !== false;
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const active = pathname.split("/")[3] ?? "info";
  const tabs = [
    { key: "info", label: "Info", isShown: true },
    {
      key: "remote-access",
      label: "Remote access",
      isShown: mayConnect(user) && isSubscribed && canRemoteAccess(device),
    },
    { key: "health", label: "Health", isShown: mayReadAlarms(user) || mayReadMeasurements(user) },
    { key: "control", label: "Control", isShown: mayReadOperations(user) },
    { key: "audit", label: "Audit", isShown: mayReadAudit(user) },
  ].filter((tab) => tab.isShown);

  return (
    <>
      <IxTabs
        activeTabKey={active}
        aria-label="Device"
        keyboardNavigation="manual"
        onTabChange={({ detail: key }) => {
          if (key !== undefined && key !== active) void navigate(`/devices/${device.id}/${key}`);
        }}
      >
        {tabs.map((tab) => (
          <IxTabItem key={tab.key} tabKey={tab.key} label={tab.label} data-testid={`tab-${tab.key}`} />
        ))}
      </IxTabs>
      <section className="tab-content">
        <Outlet context={device} />
      </section>
    </>
  );
}

/** The device whose tab is shown; only below DevicePage. */
export function useDevice(): Device {
  return useOutletContext<Device>();
}

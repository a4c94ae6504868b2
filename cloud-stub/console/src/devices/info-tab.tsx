// What is known of a gateway: identity, hardware, agent, supported operations, availability.
import { iconInfo } from "@siemens/ix-icons/icons";
import { IxCard, IxCardContent, IxIcon, IxPill } from "@siemens/ix-react";
import { type ReactNode, useCallback } from "react";
import { readDateTime } from "../frame/readable.ts";
import { TimeAgo } from "../frame/time-ago.tsx";
import { usePolled } from "../polling/use-polled.ts";
import { missingForRemoteAccess } from "../remote-access/missing.ts";
import { useIsSubscribed } from "../remote-access/subscription.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayConnect } from "../sign-in/permissions.ts";
import { canRemoteAccess, type Device, deviceName, fetchSerial, isOnline } from "./device.ts";
import { useDevice } from "./device-page.tsx";
import { OnlineState } from "./online-state.tsx";

const serialEveryMs = 60_000;

export function InfoTab(): ReactNode {
  const device = useDevice();
  const load = useCallback((signal: AbortSignal) => fetchSerial(device.id, signal), [device.id]);
  const { value: serial } = usePolled(load, serialEveryMs);
  const { c8y_Hardware: hardware, c8y_Agent: agent } = device;

  return (
    <>
      <RemoteAccessHelp device={device} />
      <div className="cards">
        <Facts
          title="Identity"
          facts={[
            ["Name", deviceName(device)],
            ["Device ID", serial],
            ["Cloud ID", device.id],
            ["Type", device.type],
            ["Owner", device.owner],
            ["Registered", readDateTime(device.creationTime)],
          ]}
        />
        <Facts
          title="Availability"
          facts={[
            ["Connection", <OnlineState key="state" isOnline={isOnline(device)} />],
            ["Last message", <TimeAgo key="time" iso={device.c8y_Availability?.lastMessage} otherwise="never" />],
            ["Availability", availabilityText(device)],
            ["Expected to report", intervalText(device.c8y_RequiredAvailability?.responseInterval)],
          ]}
        />
        <Facts
          title="Hardware"
          facts={[
            ["Model", hardware?.model],
            ["Serial number", hardware?.serialNumber],
            ["Revision", hardware?.revision],
          ]}
        />
        <Facts
          title="Agent"
          facts={[
            ["Name", agent?.name],
            ["Version", agent?.version],
            ["Maintainer", agent?.maintainer],
            ["Website", agent?.url],
          ]}
        />
        <SupportedOperations names={device.c8y_SupportedOperations ?? []} />
      </div>
    </>
  );
}

type Fact = readonly [label: string, value: ReactNode];

function Facts({ title, facts }: { readonly title: string; readonly facts: readonly Fact[] }): ReactNode {
  return (
    <InfoCard title={title}>
      <dl className="facts">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value === undefined || value === "" ? <span className="soft">not reported</span> : value}</dd>
          </div>
        ))}
      </dl>
    </InfoCard>
  );
}

function InfoCard({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  return (
    <IxCard variant="outline" passive>
      <IxCardContent>
        <h2 className="card-title">{title}</h2>
        {children}
      </IxCardContent>
    </IxCard>
  );
}

const operationNames: Readonly<Record<string, string>> = {
  c8y_RemoteAccessConnect: "Remote access",
  c8y_Restart: "Restart",
  c8y_LogfileRequest: "Log files",
  c8y_Configuration: "Configuration",
  c8y_UploadConfigFile: "Get configuration",
  c8y_DownloadConfigFile: "Send configuration",
  c8y_SoftwareUpdate: "Software update",
  c8y_Command: "Commands",
};

function SupportedOperations({ names }: { readonly names: readonly string[] }): ReactNode {
  return (
    <InfoCard title="Supported operations">
      {names.length === 0 && <p className="soft">The gateway has not said what it supports.</p>}
      <div className="pills">
        {names.map((name) => (
          <IxPill key={name} variant="neutral" outline tooltipText={name}>
            {operationNames[name] ?? name}
          </IxPill>
        ))}
      </div>
    </InfoCard>
  );
}

/** Says why the Remote access tab is not there. */
function RemoteAccessHelp({ device }: { readonly device: Device }): ReactNode {
  const user = useCurrentUser();
  const reason = missingForRemoteAccess({
    isAllowed: mayConnect(user),
    isSubscribed: useIsSubscribed() !== false,
    isSupported: canRemoteAccess(device),
  });
  if (reason === undefined) return null;
  return (
    <p className="help-line" data-testid="remote-access-help">
      <IxIcon name={iconInfo} size="16" aria-hidden="true" />
      <span>{reason}</span>
    </p>
  );
}

function availabilityText(device: Device): string | undefined {
  switch (device.c8y_Availability?.status) {
    case undefined:
      return undefined;
    case "AVAILABLE":
      return "Available";
    case "UNAVAILABLE":
      return "Unavailable: it has not reported in time";
    case "MAINTENANCE":
      return "In maintenance";
    default:
      return device.c8y_Availability?.status;
  }
}

function intervalText(minutes: number | undefined): string | undefined {
  if (minutes === undefined) return undefined;
  if (minutes <= 0) return "no interval set";
  return minutes === 1 ? "every minute" : `every ${minutes} minutes`;
}

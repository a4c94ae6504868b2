// Everything that was recorded in this cloud: who did what, when.
import { iconAuditReport } from "@siemens/ix-icons/icons";
import { IxContentHeader, IxEmptyState } from "@siemens/ix-react";
import type { ReactNode } from "react";
import { useDevice } from "../devices/device-page.tsx";
import { usePageTitle } from "../frame/use-page-title.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayReadAudit } from "../sign-in/permissions.ts";
import { AuditList } from "./audit-list.tsx";

export function AuditPage(): ReactNode {
  usePageTitle("Audit");
  if (!mayReadAudit(useCurrentUser())) return <NotAllowed />;
  return (
    <>
      <IxContentHeader headerTitle="Audit" headerSubtitle="Who did what; records can only be added" />
      <AuditList />
    </>
  );
}

/** The same on one device; only below DevicePage. */
export function AuditTab(): ReactNode {
  const device = useDevice();
  if (!mayReadAudit(useCurrentUser())) return <NotAllowed />;
  return <AuditList deviceId={device.id} />;
}

function NotAllowed(): ReactNode {
  return (
    <IxEmptyState
      header="You may not see the audit records"
      subHeader="That needs the permission “Read” for Audits. Ask an administrator for it."
      icon={iconAuditReport}
    />
  );
}

// Where gateways are registered: add a device ID, see it call in, accept it.
import { iconAddCircle } from "@siemens/ix-icons/icons";
import { IxContentHeader, IxEmptyState } from "@siemens/ix-react";
import type { ReactNode } from "react";
import { PolledContent } from "../frame/polled-content.tsx";
import { usePageTitle } from "../frame/use-page-title.ts";
import { usePolled } from "../polling/use-polled.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayReadRegistration, mayRegisterDevices } from "../sign-in/permissions.ts";
import { AddDeviceForm } from "./add-device-form.tsx";
import { CertificateForm } from "./certificate-form.tsx";
import { fetchRegistrationRequests } from "./registration-requests.ts";
import { RequestTable } from "./request-table.tsx";

const refreshEveryMs = 3000;

export function RegistrationPage(): ReactNode {
  const user = useCurrentUser();
  usePageTitle("Device registration");
  if (!mayReadRegistration(user)) {
    return (
      <IxEmptyState
        header="You may not see registrations"
        subHeader="That needs the permission “Read” for Device control. Ask an administrator for it."
        icon={iconAddCircle}
      />
    );
  }
  return <Registration mayChange={mayRegisterDevices(user)} />;
}

function Registration({ mayChange }: { readonly mayChange: boolean }): ReactNode {
  const polled = usePolled(fetchRegistrationRequests, refreshEveryMs);
  return (
    <>
      <IxContentHeader
        headerTitle="Device registration"
        headerSubtitle="Let a new gateway into this cloud, in three steps"
      />
      <Steps />
      {mayChange ? (
        <AddDeviceForm onAdded={polled.refresh} />
      ) : (
        <p className="help-line">To register gateways you need “Change” permission for Device control.</p>
      )}
      <h2 className="section-title">Requests</h2>
      <PolledContent polled={polled} waitText="Reading the requests">
        {(requests) =>
          requests.length === 0 ? (
            <IxEmptyState
              layout="compact"
              header="No gateway is waiting to be registered"
              subHeader="Accepted gateways leave this list once they have fetched their credentials."
              icon={iconAddCircle}
            />
          ) : (
            <RequestTable requests={requests} mayChange={mayChange} onChanged={polled.refresh} />
          )
        }
      </PolledContent>
      {mayChange && (
        <>
          <h2 className="section-title">Certificate with a one-time password</h2>
          <p className="help-line">
            A gateway that is set to enrol gets a certificate from this cloud and logs in with it; nobody has to accept
            it.
          </p>
          <CertificateForm />
        </>
      )}
    </>
  );
}

function Steps(): ReactNode {
  return (
    <ol className="how-to">
      <li>
        <strong>Add the device ID.</strong>
        <span>
          It is the gateway’s serial number, or the id in its gateway.toml. The request then waits for connection.
        </span>
      </li>
      <li>
        <strong>Switch the gateway on.</strong>
        <span>It calls in with the bootstrap account. The request becomes pending acceptance.</span>
      </li>
      <li>
        <strong>Accept it.</strong>
        <span>The gateway fetches credentials of its own and appears under All devices.</span>
      </li>
    </ol>
  );
}

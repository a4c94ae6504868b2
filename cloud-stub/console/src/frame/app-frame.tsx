// The frame around all pages but sign-in and the screen: header, menu, banner.
import {
  iconAddCircle,
  iconAuditReport,
  iconCertificate,
  iconConnections,
  iconDeviceManager,
  iconUserManagement,
} from "@siemens/ix-icons/icons";
import {
  IxApplication,
  IxApplicationHeader,
  IxAvatar,
  IxContent,
  IxDropdownItem,
  IxMenu,
  IxMenuItem,
} from "@siemens/ix-react";
import { type MouseEvent, type ReactNode, useState } from "react";
import { Outlet, useLocation, useNavigate } from "react-router";
import { useCurrentUser, useSignIn } from "../sign-in/current-user.tsx";
import {
  mayEndSessions,
  mayReadAudit,
  mayReadRegistration,
  mayReadTrust,
  mayReadUsers,
} from "../sign-in/permissions.ts";
import { signOut } from "../sign-in/sign-in-requests.ts";
import mark from "./postern.svg";
import { UnreachableBanner } from "./unreachable-banner.tsx";

export function AppFrame(): ReactNode {
  const user = useCurrentUser();
  return (
    <IxApplication>
      <IxApplicationHeader name="Postern" nameSuffix="Cloud Remote Access" appIcon={mark} appIconAlt="">
        <UserMenu userName={user.userName} />
      </IxApplicationHeader>
      <IxMenu i18nAriaLabelMenu="Main menu" startExpanded>
        <MenuLink to="/devices" label="All devices" icon={iconDeviceManager} testId="menu-devices" />
        {mayReadRegistration(user) && (
          <MenuLink to="/registration" label="Device registration" icon={iconAddCircle} testId="menu-registration" />
        )}
        {mayEndSessions(user) && (
          <MenuLink to="/sessions" label="Sessions" icon={iconConnections} testId="menu-sessions" />
        )}
        {mayReadAudit(user) && <MenuLink to="/audit" label="Audit" icon={iconAuditReport} testId="menu-audit" />}
        {mayReadTrust(user) && (
          <MenuLink to="/certificates" label="Certificates" icon={iconCertificate} testId="menu-certificates" />
        )}
        {mayReadUsers(user) && <MenuLink to="/users" label="Users" icon={iconUserManagement} testId="menu-users" />}
      </IxMenu>
      <IxContent>
        <UnreachableBanner />
        <Outlet />
      </IxContent>
    </IxApplication>
  );
}

interface MenuLinkProps {
  readonly to: string;
  readonly label: string;
  readonly icon: string;
  readonly testId: string;
}

function MenuLink({ to, label, icon, testId }: MenuLinkProps): ReactNode {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const follow = (event: MouseEvent): void => {
    // A new tab or window is the browser's business.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void navigate(to);
  };
  return (
    <IxMenuItem
      label={label}
      icon={icon}
      href={to}
      active={pathname === to || pathname.startsWith(`${to}/`)}
      onClick={follow}
      data-testid={testId}
    />
  );
}

function UserMenu({ userName }: { readonly userName: string }): ReactNode {
  const { forget } = useSignIn();
  const [isBusy, setIsBusy] = useState(false);
  const leave = async (): Promise<void> => {
    setIsBusy(true);
    try {
      await signOut();
      forget();
    } catch {
      // The banner tells of a cloud that does not answer; the person is still signed in then.
      setIsBusy(false);
    }
  };
  return (
    <IxAvatar username={userName} initials={userName.slice(0, 2).toUpperCase()} data-testid="user-menu">
      <IxDropdownItem label="Sign out" disabled={isBusy} onClick={() => void leave()} data-testid="sign-out" />
    </IxAvatar>
  );
}

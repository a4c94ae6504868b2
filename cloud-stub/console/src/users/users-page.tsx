// The accounts of people: who there is, in which groups, and whether they may sign in.
import { iconContextMenu, iconPlus, iconUserManagement } from "@siemens/ix-icons/icons";
import { IxButton, IxContentHeader, IxDropdownButton, IxDropdownItem, IxEmptyState, IxPill } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { ConfirmDialog } from "../frame/confirm-dialog.tsx";
import { PolledContent } from "../frame/polled-content.tsx";
import { usePageTitle } from "../frame/use-page-title.ts";
import { usePolled } from "../polling/use-polled.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayChangeUsers, mayReadUsers } from "../sign-in/permissions.ts";
import { AddUserDialog, GroupsDialog, PasswordDialog } from "./user-dialogs.tsx";
import { type Accounts, fetchAccounts, removeUser, setEnabled, type User, usersMax } from "./users.ts";

const refreshEveryMs = 10_000;

type OpenDialog =
  | { readonly kind: "none" }
  | { readonly kind: "add" }
  | { readonly kind: "groups" | "password" | "disable" | "enable" | "remove"; readonly user: User };

export function UsersPage(): ReactNode {
  usePageTitle("Users");
  if (!mayReadUsers(useCurrentUser())) {
    return (
      <IxEmptyState
        header="You may not see users"
        subHeader="That needs the permission “Read” for User management. Ask an administrator for it."
        icon={iconUserManagement}
      />
    );
  }
  return <Users />;
}

function Users(): ReactNode {
  const polled = usePolled(fetchAccounts, refreshEveryMs);
  const mayChange = mayChangeUsers(useCurrentUser());
  const [dialog, setDialog] = useState<OpenDialog>({ kind: "none" });
  return (
    <>
      <IxContentHeader headerTitle="Users" headerSubtitle="Who may sign in, and the groups that say what they may do">
        {mayChange && polled.value !== undefined && (
          <IxButton icon={iconPlus} onClick={() => setDialog({ kind: "add" })} data-testid="add-user">
            Add user
          </IxButton>
        )}
      </IxContentHeader>
      <PolledContent polled={polled} waitText="Reading the users">
        {(accounts) => (
          <>
            <UserTable accounts={accounts} mayChange={mayChange} onDialog={setDialog} />
            {accounts.isCutOff && <p className="soft">There are more than the {usersMax} users of this list.</p>}
            <Dialogs
              dialog={dialog}
              accounts={accounts}
              onSaved={polled.refresh}
              onClose={() => setDialog({ kind: "none" })}
            />
          </>
        )}
      </PolledContent>
    </>
  );
}

interface UserTableProps {
  readonly accounts: Accounts;
  readonly mayChange: boolean;
  readonly onDialog: (dialog: OpenDialog) => void;
}

function UserTable({ accounts, mayChange, onDialog }: UserTableProps): ReactNode {
  const groupName = (id: string): string => accounts.groups.find((group) => group.id === id)?.name ?? id;
  return (
    <div className="table-scroll">
      <table className="ix-table" data-testid="user-table">
        <thead>
          <tr>
            <th scope="col">User</th>
            <th scope="col">Groups</th>
            <th scope="col">May sign in</th>
            {mayChange && (
              <th scope="col" className="actions">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {accounts.users.map((user) => (
            <tr key={user.userName} data-testid={`user-${user.userName}`} data-enabled={user.isEnabled}>
              <td className="breaks">{user.userName}</td>
              <td>
                <div className="pills">
                  {user.groups.length === 0 && <span className="soft">none</span>}
                  {user.groups.map((id) => (
                    <IxPill key={id} variant="neutral" outline>
                      {groupName(id)}
                    </IxPill>
                  ))}
                </div>
              </td>
              <td>{user.isEnabled ? "Yes" : <span className="soft">No, disabled</span>}</td>
              {mayChange && (
                <td className="actions">
                  <UserMenu user={user} onDialog={onDialog} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface UserMenuProps {
  readonly user: User;
  readonly onDialog: (dialog: OpenDialog) => void;
}

function UserMenu({ user, onDialog }: UserMenuProps): ReactNode {
  const { userName } = user;
  const isOwn = useCurrentUser().userName === userName;
  return (
    <IxDropdownButton
      variant="subtle-tertiary"
      icon={iconContextMenu}
      enableTopLayer
      placement="bottom-end"
      ariaLabelDropdownButton={`More for ${userName}`}
      data-testid={`user-menu-${userName}`}
    >
      <IxDropdownItem
        label="Groups"
        onClick={() => onDialog({ kind: "groups", user })}
        data-testid={`groups-of-${userName}`}
      />
      <IxDropdownItem
        label="New password"
        onClick={() => onDialog({ kind: "password", user })}
        data-testid={`password-of-${userName}`}
      />
      {!isOwn && (
        <>
          <IxDropdownItem
            label={user.isEnabled ? "Disable" : "Enable"}
            onClick={() => onDialog({ kind: user.isEnabled ? "disable" : "enable", user })}
            data-testid={`${user.isEnabled ? "disable" : "enable"}-${userName}`}
          />
          <IxDropdownItem
            label="Remove"
            onClick={() => onDialog({ kind: "remove", user })}
            data-testid={`remove-user-${userName}`}
          />
        </>
      )}
    </IxDropdownButton>
  );
}

interface DialogsProps {
  readonly dialog: OpenDialog;
  readonly accounts: Accounts;
  readonly onSaved: () => void;
  readonly onClose: () => void;
}

const confirmations = {
  disable: {
    title: "Disable the user",
    confirmText: "Disable",
    words: "can then not sign in, and is disconnected at once.",
  },
  enable: { title: "Enable the user", confirmText: "Enable", words: "can then sign in again." },
  remove: {
    title: "Remove the user",
    confirmText: "Remove",
    words: "and the password are removed, and open sessions end.",
  },
} as const;

function Dialogs({ dialog, accounts, onSaved, onClose }: DialogsProps): ReactNode {
  const rest = { accounts, onSaved, onClose };
  switch (dialog.kind) {
    case "none":
      return null;
    case "add":
      return <AddUserDialog {...rest} />;
    case "groups":
      return <GroupsDialog user={dialog.user} {...rest} />;
    case "password":
      return <PasswordDialog user={dialog.user} {...rest} />;
    case "disable":
    case "enable":
    case "remove": {
      const { title, confirmText, words } = confirmations[dialog.kind];
      const { userName } = dialog.user;
      const { tenantId } = accounts;
      return (
        <ConfirmDialog
          title={title}
          testId="user-confirm-dialog"
          confirmText={confirmText}
          onConfirm={() =>
            dialog.kind === "remove"
              ? removeUser(tenantId, userName)
              : setEnabled(tenantId, userName, dialog.kind === "enable")
          }
          onDone={onSaved}
          onClose={onClose}
        >
          <strong>{userName}</strong> {words}
        </ConfirmDialog>
      );
    }
    default:
      return dialog satisfies never;
  }
}

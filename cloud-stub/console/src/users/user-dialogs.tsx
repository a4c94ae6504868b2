// The forms for an account: a new one, its password, its groups.
import { IxCheckbox } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { ChoiceField, TextField } from "../frame/text-field.tsx";
import { FormDialog } from "./form-dialog.tsx";
import { type Accounts, addToGroup, addUser, removeFromGroup, setPassword, type User } from "./users.ts";

interface DialogProps {
  readonly accounts: Accounts;
  readonly onSaved: () => void;
  readonly onClose: () => void;
}

export function AddUserDialog({ accounts, ...rest }: DialogProps): ReactNode {
  const [userName, setUserName] = useState("");
  const [password, setPasswordText] = useState("");
  const [groupId, setGroupId] = useState(accounts.groups.find(({ name }) => name === "readers")?.id ?? "");
  const group = accounts.groups.find(({ id }) => id === groupId);
  return (
    <FormDialog
      title="Add user"
      testId="add-user-dialog"
      saveText="Add"
      onSave={() => addUser(accounts.tenantId, { userName, password, groupId })}
      {...rest}
    >
      <TextField id="user-name" label="User" value={userName} onChange={setUserName} hasInitialFocus />
      <TextField
        id="user-password"
        label="Password"
        type="password"
        value={password}
        onChange={setPasswordText}
        autoComplete="new-password"
      />
      <ChoiceField
        id="user-group"
        label="Group"
        value={groupId}
        onChange={setGroupId}
        choices={[{ value: "", text: "None" }, ...accounts.groups.map(({ id, name }) => ({ value: id, text: name }))]}
        hint={group?.description ?? "Without a group a person may sign in and see nothing."}
      />
    </FormDialog>
  );
}

export function PasswordDialog({ accounts, user, ...rest }: DialogProps & { readonly user: User }): ReactNode {
  const [password, setPasswordText] = useState("");
  return (
    <FormDialog
      title={`New password for ${user.userName}`}
      testId="password-of-user-dialog"
      saveText="Save"
      onSave={() => setPassword(accounts.tenantId, user.userName, password)}
      {...rest}
    >
      <TextField
        id="user-password"
        label="New password"
        type="password"
        value={password}
        onChange={setPasswordText}
        autoComplete="new-password"
        hasInitialFocus
        hint="Whoever is signed in with the old one is signed out."
      />
    </FormDialog>
  );
}

export function GroupsDialog({ accounts, user, ...rest }: DialogProps & { readonly user: User }): ReactNode {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(user.groups));
  const save = async (): Promise<void> => {
    // First what is given: nobody should be without rights for a moment on the way from one group to another.
    const { tenantId } = accounts;
    for (const id of chosen) if (!user.groups.includes(id)) await addToGroup(tenantId, user.userName, id);
    for (const id of user.groups) if (!chosen.has(id)) await removeFromGroup(tenantId, user.userName, id);
  };
  const choose = (id: string, isChosen: boolean): void => {
    const next = new Set(chosen);
    if (isChosen) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <FormDialog title={`Groups of ${user.userName}`} testId="groups-dialog" saveText="Save" onSave={save} {...rest}>
      {accounts.groups.map(({ id, name, description }) => (
        <IxCheckbox
          key={id}
          label={description === "" ? name : `${name}: ${description}`}
          checked={chosen.has(id)}
          onCheckedChange={({ detail }) => choose(id, detail)}
          data-testid={`group-${name}`}
        />
      ))}
      <p className="field-hint">Whoever loses the right to connect is disconnected at once.</p>
    </FormDialog>
  );
}

// The form that puts an authority on the list: its certificate from a file or pasted, and what its gateways may.
import { IxCheckbox } from "@siemens/ix-react";
import { type ChangeEvent, type ReactNode, useState } from "react";
import { ApiError } from "../cloud/api-error.ts";
import { TextArea } from "../frame/text-area.tsx";
import { TextField } from "../frame/text-field.tsx";
import { readKeyFile } from "../remote-access/key-file.ts";
import { FormDialog } from "../users/form-dialog.tsx";
import { addCertificate } from "./certificates.ts";

export function AddCertificateDialog(props: { readonly onAdded: () => void; readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [isAutomatic, setIsAutomatic] = useState(false);
  const [fileProblem, setFileProblem] = useState<string>();
  const take = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const file = event.target.files?.[0];
    if (file === undefined) return;
    const outcome = await readKeyFile(file);
    setFileProblem(outcome.ok ? undefined : outcome.problem);
    if (outcome.ok) setText(outcome.text);
  };
  const save = async (): Promise<void> => {
    if (text.trim() === "") throw new ApiError("api.invalid", "Paste the certificate, or choose its file.", 0);
    await addCertificate({ name: name.trim(), certInPemFormat: text, autoRegistrationEnabled: isAutomatic });
  };
  return (
    <FormDialog
      title="Add a trusted certificate"
      testId="add-certificate-dialog"
      saveText="Add"
      onSave={save}
      onSaved={props.onAdded}
      onClose={props.onClose}
    >
      <TextField id="certificate-name" label="Name" value={name} onChange={setName} hasInitialFocus />
      <TextArea
        id="certificate-text"
        label="Certificate of the authority"
        value={text}
        onChange={setText}
        rows={8}
        placeholder="-----BEGIN CERTIFICATE-----"
        hint="In PEM. It is public; the authority’s private key stays where it is."
        error={fileProblem}
        tools={
          <input
            type="file"
            aria-label="File of the certificate"
            onChange={(event) => void take(event)}
            data-testid="certificate-file"
          />
        }
      />
      <IxCheckbox
        label="Gateways with its certificates register by themselves"
        checked={isAutomatic}
        onCheckedChange={({ detail }) => setIsAutomatic(detail)}
        data-testid="certificate-automatic"
      />
    </FormDialog>
  );
}

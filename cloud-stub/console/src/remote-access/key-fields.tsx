// The fields for keys: pasted, uploaded from a file or made by the cloud; the public one can be copied and downloaded.
import { iconDownload, iconUpload } from "@siemens/ix-icons/icons";
import { IxButton, IxCheckbox } from "@siemens/ix-react";
import { type ChangeEvent, type ReactNode, useRef, useState } from "react";
import { errorText } from "../cloud/api-error.ts";
import { CopyButton } from "../frame/copy-button.tsx";
import { fileName } from "../frame/file-name.ts";
import { saveFile } from "../frame/save-file.ts";
import { TextArea } from "../frame/text-area.tsx";
import { TextField } from "../frame/text-field.tsx";
import { generateKeyPair } from "./endpoint.ts";
import { withPrivateKey } from "./endpoint-draft.ts";
import { readKeyFile } from "./key-file.ts";
import type { SignInFieldsProps } from "./sign-in-fields.tsx";

export function KeyPairFields(props: SignInFieldsProps): ReactNode {
  const { draft, change, existing, errorAt } = props;
  const [fileProblem, setFileProblem] = useState<string>();
  const isStored = (existing?.credentials?.privateKey ?? null) !== null;
  const takePrivateKey = (privateKey: string): void => {
    setFileProblem(undefined);
    change(withPrivateKey(privateKey, existing, draft));
  };
  return (
    <>
      <GenerateKeys {...props} />
      <TextArea
        id="endpoint-private-key"
        label="Private key"
        value={draft.privateKey}
        onChange={takePrivateKey}
        placeholder={isStored ? "Stored; leave empty to keep it" : "-----BEGIN OPENSSH PRIVATE KEY-----"}
        hint="RSA, DSA, ECDSA or ED25519 in OpenSSH, PEM, SSH2 or PuTTY form. Stored encrypted, never shown again."
        error={fileProblem ?? errorAt("privateKey")}
        tools={<UploadButton id="endpoint-private-key" onText={takePrivateKey} onProblem={setFileProblem} />}
      />
      <TextField
        id="endpoint-passphrase"
        label="Passphrase (if the key has one)"
        type="password"
        value={draft.passphrase}
        onChange={(passphrase) => change({ passphrase })}
        autoComplete="new-password"
        hint="It opens the key once, when you save. It is not stored."
        error={errorAt("passphrase")}
      />
      <PublicKey {...props} />
    </>
  );
}

function GenerateKeys({ draft, change, forgive }: SignInFieldsProps): ReactNode {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const generate = async (): Promise<void> => {
    setIsBusy(true);
    setProblem(undefined);
    try {
      const { publicKey, privateKey } = await generateKeyPair(draft.hostname.trim());
      change({ publicKey, privateKey, passphrase: "" });
      forgive(["privateKey", "publicKey", "passphrase"]);
    } catch (failure) {
      setProblem(errorText(failure));
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <div className="generate-keys">
      <IxButton
        variant="secondary"
        loading={isBusy}
        onClick={() => void generate()}
        data-testid="endpoint-generate-keys"
      >
        Generate keys
      </IxButton>
      <span className={problem === undefined ? "field-hint" : "field-error"} data-testid="endpoint-generate-note">
        {problem ?? "Then put the public key into authorized_keys on the device."}
      </span>
    </div>
  );
}

function PublicKey({ draft, change, errorAt }: SignInFieldsProps): ReactNode {
  const [fileProblem, setFileProblem] = useState<string>();
  const take = (publicKey: string): void => {
    setFileProblem(undefined);
    change({ publicKey });
  };
  const download = (): void =>
    saveFile(fileName(draft.name, ".pub"), new Blob([`${draft.publicKey.trim()}\n`], { type: "text/plain" }));
  return (
    <TextArea
      id="endpoint-public-key"
      label="Public key"
      rows={2}
      value={draft.publicKey}
      onChange={take}
      hint="May stay empty: the private key has it. If you give it, it must belong to the private key."
      error={fileProblem ?? errorAt("publicKey")}
      tools={
        <>
          <CopyButton text={draft.publicKey} testId="endpoint-public-key-copy" />
          <IxButton
            variant="tertiary"
            icon={iconDownload}
            disabled={draft.publicKey === ""}
            onClick={download}
            data-testid="endpoint-public-key-download"
          >
            Download
          </IxButton>
          <UploadButton id="endpoint-public-key" onText={take} onProblem={setFileProblem} />
        </>
      }
    />
  );
}

export function CertificateField({ draft, change, existing, errorAt }: SignInFieldsProps): ReactNode {
  const [fileProblem, setFileProblem] = useState<string>();
  const isStored = (existing?.credentials?.certificate ?? null) !== null;
  const take = (certificate: string): void => {
    setFileProblem(undefined);
    change({ certificate });
  };
  return (
    <TextArea
      id="endpoint-certificate"
      label="Certificate"
      rows={2}
      value={draft.certificate}
      onChange={take}
      placeholder={isStored ? "Stored; leave empty to keep it" : "ssh-ed25519-cert-v01@openssh.com AAAA…"}
      hint="An OpenSSH user certificate, usually a file that ends in -cert.pub."
      error={fileProblem ?? errorAt("certificate")}
      tools={<UploadButton id="endpoint-certificate" onText={take} onProblem={setFileProblem} />}
    />
  );
}

const pinTexts = {
  SSH: {
    label: "Host key (optional)",
    hint: "Makes sure that it is the right device. Empty: the console shows the key at the first connection and asks.",
  },
  VNC: {
    label: "Certificate of the panel (optional)",
    hint: "Only for VNC servers with TLS: in PEM form, or its SHA-256 fingerprint. Empty: it is shown at the first connection.",
  },
} as const;

/** What makes sure that it is the right device: its host key, or the certificate of a VNC server with TLS. */
export function HostKeyField({ draft, change, errorAt }: SignInFieldsProps): ReactNode {
  const [fileProblem, setFileProblem] = useState<string>();
  const take = (hostKey: string): void => {
    setFileProblem(undefined);
    change({ hostKey });
  };
  const { label, hint } = draft.protocol === "VNC" ? pinTexts.VNC : pinTexts.SSH;
  return (
    <TextArea
      id="endpoint-host-key"
      label={label}
      rows={2}
      value={draft.hostKey}
      onChange={take}
      hint={hint}
      error={fileProblem ?? errorAt("hostKey")}
      tools={<UploadButton id="endpoint-host-key" onText={take} onProblem={setFileProblem} />}
    />
  );
}

export function LegacyAlgorithms({ draft, change }: SignInFieldsProps): ReactNode {
  return (
    <IxCheckbox
      label="Allow old, weak algorithms, for a device that knows no others"
      checked={draft.allowsLegacyAlgorithms}
      onCheckedChange={({ detail }) => change({ allowsLegacyAlgorithms: detail })}
      data-testid="endpoint-legacy"
    />
  );
}

interface UploadButtonProps {
  readonly id: string;
  readonly onText: (text: string) => void;
  readonly onProblem: (problem: string) => void;
}

function UploadButton({ id, onText, onProblem }: UploadButtonProps): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  const read = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const [file] = event.target.files ?? [];
    // The same file chosen again must count as a change again.
    event.target.value = "";
    if (file === undefined) return;
    const outcome = await readKeyFile(file);
    if (outcome.ok) onText(outcome.text);
    else onProblem(outcome.problem);
  };
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        // `readKeyFile` answers with a problem in place of rejecting.
        onChange={(event) => void read(event)}
        data-testid={`${id}-file`}
      />
      <IxButton
        variant="tertiary"
        icon={iconUpload}
        onClick={() => input.current?.click()}
        data-testid={`${id}-upload`}
      >
        Upload from a file
      </IxButton>
    </>
  );
}

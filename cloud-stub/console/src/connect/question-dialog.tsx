// What the panel itself asks before it lets a session in. Answers go to the panel and are kept nowhere.
import { IxButton } from "@siemens/ix-react";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { Dialog } from "../frame/dialog.tsx";
import { TextField } from "../frame/text-field.tsx";
import { HostKeyDialog } from "./host-key-dialog.tsx";
import type { PanelQuestion } from "./panel-question.ts";
import { PromptDialog } from "./prompt-dialog.tsx";

interface QuestionDialogProps {
  readonly question: PanelQuestion;
  readonly onCredentials: (credentials: Readonly<Record<string, string>>) => void;
  readonly onAccept: () => void;
  readonly onHostKey: (fingerprint: string) => void;
  readonly onAnswers: (id: number, answers: readonly string[]) => void;
  readonly onCancel: () => void;
}

export function QuestionDialog(props: QuestionDialogProps): ReactNode {
  const { question, onCredentials, onAccept, onHostKey, onAnswers, onCancel } = props;
  switch (question.kind) {
    case "credentials":
      return <CredentialsDialog fields={question.fields} onSend={onCredentials} onCancel={onCancel} />;
    case "identity":
      return <IdentityDialog publicKey={question.publicKey} onAccept={onAccept} onCancel={onCancel} />;
    case "host-key":
      return <HostKeyDialog {...question} onAccept={() => onHostKey(question.fingerprint)} onCancel={onCancel} />;
    case "prompt":
      // A new question is a new form: what was typed into the last one is gone.
      return (
        <PromptDialog
          key={question.id}
          {...question}
          onSend={(answers) => onAnswers(question.id, answers)}
          onCancel={onCancel}
        />
      );
    default:
      return question satisfies never;
  }
}

interface CredentialsDialogProps {
  readonly fields: readonly string[];
  readonly onSend: (credentials: Readonly<Record<string, string>>) => void;
  readonly onCancel: () => void;
}

const labels: Readonly<Record<string, string>> = { username: "User", password: "Password", target: "Target" };

function CredentialsDialog({ fields, onSend, onCancel }: CredentialsDialogProps): ReactNode {
  const [answers, setAnswers] = useState<Readonly<Record<string, string>>>({});
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSend(Object.fromEntries(fields.map((field) => [field, answers[field] ?? ""])));
  };
  return (
    <Dialog
      title="The panel asks for a sign-in"
      testId="password-dialog"
      size="360"
      onDismiss={onCancel}
      footer={
        <>
          <IxButton variant="secondary" onClick={onCancel} data-testid="password-cancel">
            Cancel
          </IxButton>
          <IxButton type="submit" form="password-form" data-testid="password-send">
            Sign in
          </IxButton>
        </>
      }
    >
      <form id="password-form" className="stack" onSubmit={submit} noValidate>
        {fields.map((field, index) => (
          <TextField
            key={field}
            id={`panel-${field}`}
            label={labels[field] ?? field}
            type={field === "password" ? "password" : "text"}
            value={answers[field] ?? ""}
            onChange={(value) => setAnswers((last) => ({ ...last, [field]: value }))}
            hasInitialFocus={index === 0}
          />
        ))}
        <p className="field-hint">For this connection only: it is not stored.</p>
      </form>
    </Dialog>
  );
}

interface IdentityDialogProps {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly onAccept: () => void;
  readonly onCancel: () => void;
}

function IdentityDialog({ publicKey, onAccept, onCancel }: IdentityDialogProps): ReactNode {
  const [fingerprint, setFingerprint] = useState<string>();
  useEffect(() => {
    let isGone = false;
    // A digest of a few hundred bytes cannot fail.
    void crypto.subtle.digest("SHA-256", publicKey).then((digest) => {
      if (!isGone) setFingerprint(hexPairs(new Uint8Array(digest)));
    });
    return () => {
      isGone = true;
    };
  }, [publicKey]);
  return (
    <Dialog
      title="Check the panel’s identity"
      testId="identity-dialog"
      onDismiss={onCancel}
      footer={
        <>
          <IxButton variant="secondary" onClick={onCancel} data-testid="identity-cancel">
            Cancel
          </IxButton>
          <IxButton onClick={onAccept} disabled={fingerprint === undefined} data-testid="identity-accept">
            It is the right panel
          </IxButton>
        </>
      }
    >
      <p>The panel shows this key. Go on only if it is the fingerprint of the panel you mean to reach.</p>
      <p className="mono fingerprint">{fingerprint}</p>
    </Dialog>
  );
}

function hexPairs(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

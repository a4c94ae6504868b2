// Shows the questions with which a panel lets people in, and sends the answers; they are kept nowhere.

import { IxButton } from "@siemens/ix-react";
import { type FormEvent, type ReactNode, useState } from "react";
import type { Prompt } from "#protocol/session-channel.ts";
import { promptTextLengthMax } from "#protocol/session-channel.ts";
import { Dialog } from "../frame/dialog.tsx";
import { TextField } from "../frame/text-field.tsx";

interface PromptDialogProps {
  /** Texts may be empty. */
  readonly title: string;
  readonly instruction: string;
  readonly prompts: readonly Prompt[];
  readonly onSend: (answers: readonly string[]) => void;
  readonly onCancel: () => void;
}

export function PromptDialog({ title, instruction, prompts, onSend, onCancel }: PromptDialogProps): ReactNode {
  const [answers, setAnswers] = useState<readonly string[]>(() => prompts.map(() => ""));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSend(answers);
  };
  return (
    <Dialog
      title={title === "" ? "The device asks for a sign-in" : title}
      testId="prompt-dialog"
      onDismiss={onCancel}
      footer={
        <>
          <IxButton variant="secondary" onClick={onCancel} data-testid="prompt-cancel">
            Cancel
          </IxButton>
          <IxButton type="submit" form="prompt-form" data-testid="prompt-send">
            Send
          </IxButton>
        </>
      }
    >
      <form id="prompt-form" className="stack" onSubmit={submit} noValidate>
        {instruction !== "" && <p className="prompt-instruction">{instruction}</p>}
        {prompts.map(({ text, echo }, index) => (
          <TextField
            // biome-ignore lint/suspicious/noArrayIndexKey: the prompts of one question never change their order.
            key={index}
            id={`prompt-${index}`}
            label={text.trim() === "" ? "Answer" : text.trim()}
            type={echo ? "text" : "password"}
            value={answers[index] ?? ""}
            onChange={(value) => setAnswers((last) => last.with(index, value.slice(0, promptTextLengthMax)))}
            hasInitialFocus={index === 0}
          />
        ))}
        <p className="field-hint">For this connection only: it is not stored.</p>
      </form>
    </Dialog>
  );
}

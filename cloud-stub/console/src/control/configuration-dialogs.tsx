// Get and send a configuration of the gateway, by its type.
import { iconUpload } from "@siemens/ix-icons/icons";
import { IxButton } from "@siemens/ix-react";
import { type ChangeEvent, type ReactNode, useRef, useState } from "react";
import { TextArea } from "../frame/text-area.tsx";
import { ChoiceField } from "../frame/text-field.tsx";
import { ActionDialog, type ActionProps } from "./action-dialog.tsx";
import { configurationLengthMax, getConfiguration, sendConfiguration } from "./management-requests.ts";

type ConfigurationProps = ActionProps & { readonly types: readonly string[] };

export function GetConfigurationDialog({ deviceId, types, ...dialog }: ConfigurationProps): ReactNode {
  const [type, setType] = useState(types[0] ?? "");
  return (
    <ActionDialog
      {...dialog}
      title="Get configuration"
      testId="get-configuration-dialog"
      confirmText="Get configuration"
      isReady={type !== ""}
      onConfirm={() => getConfiguration(deviceId, type)}
    >
      <TypeField
        types={types}
        value={type}
        onChange={setType}
        hint="The gateway sends it without its secrets: they read *** in it."
      />
    </ActionDialog>
  );
}

export function SendConfigurationDialog({ deviceId, types, ...dialog }: ConfigurationProps): ReactNode {
  const [type, setType] = useState(types[0] ?? "");
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const take = (taken: string): void => {
    setProblem(undefined);
    setText(taken);
  };
  const isTooLong = text.length > configurationLengthMax;
  return (
    <ActionDialog
      {...dialog}
      title="Send configuration"
      testId="send-configuration-dialog"
      confirmText="Send"
      isReady={type !== "" && text.trim() !== "" && !isTooLong}
      onConfirm={() => sendConfiguration(deviceId, type, text)}
    >
      <TypeField types={types} value={type} onChange={setType} hint="" />
      <TextArea
        id="configuration-text"
        label="Configuration"
        rows={12}
        value={text}
        onChange={take}
        hint="The whole of it. Where a secret stands, *** keeps the one that the gateway has. If it cannot get online with it, it goes back to the old one."
        error={problem ?? (isTooLong ? `At most ${configurationLengthMax} characters.` : undefined)}
        tools={<FileButton onText={take} onProblem={setProblem} />}
      />
    </ActionDialog>
  );
}

interface TypeFieldProps {
  readonly types: readonly string[];
  readonly value: string;
  readonly onChange: (type: string) => void;
  readonly hint: string;
}

function TypeField({ types, value, onChange, hint }: TypeFieldProps): ReactNode {
  const choices = types.map((type) => ({ value: type, text: type }));
  return (
    <ChoiceField
      id="configuration-type"
      label="Which"
      value={value}
      onChange={onChange}
      choices={choices}
      hint={hint}
    />
  );
}

interface FileButtonProps {
  readonly onText: (text: string) => void;
  readonly onProblem: (problem: string) => void;
}

function FileButton({ onText, onProblem }: FileButtonProps): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  const read = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const [file] = event.target.files ?? [];
    // The same file chosen again must count as a change again.
    event.target.value = "";
    if (file === undefined) return;
    if (file.size > configurationLengthMax) {
      onProblem(`“${file.name}” is too large: a configuration has at most ${configurationLengthMax} bytes.`);
      return;
    }
    try {
      onText(await file.text());
    } catch {
      // It may have been moved or taken away since it was chosen.
      onProblem(`“${file.name}” could not be read.`);
    }
  };
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        // `read` answers with a problem in place of rejecting.
        onChange={(event) => void read(event)}
        data-testid="configuration-text-file"
      />
      <IxButton
        variant="tertiary"
        icon={iconUpload}
        onClick={() => input.current?.click()}
        data-testid="configuration-text-upload"
      >
        Take from a file
      </IxButton>
    </>
  );
}

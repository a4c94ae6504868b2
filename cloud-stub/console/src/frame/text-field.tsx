// One labelled text field with its hint and its error, wired up for screen readers and password stores.
import { type ReactNode, useEffect, useRef } from "react";

/** Marks the element that a dialog gives the focus to when it opens. */
export const initialFocus = { "data-initial-focus": "" } as const;

export interface TextFieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: "text" | "password";
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly placeholder?: string;
  readonly autoComplete?: string;
  readonly inputMode?: "text" | "numeric";
  readonly hasInitialFocus?: boolean;
}

export function TextField(props: TextFieldProps): ReactNode {
  const { id, label, value, onChange, type = "text", hint, error, hasInitialFocus = false } = props;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (hasInitialFocus) input.current?.focus();
  }, [hasInitialFocus]);

  return (
    <div className="field">
      <label htmlFor={id} className="ix-form-label">
        {label}
      </label>
      <input
        ref={input}
        id={id}
        data-testid={id}
        className={`ix-form-control${error === undefined ? "" : " ix-invalid"}`}
        type={type}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        placeholder={props.placeholder}
        autoComplete={props.autoComplete ?? "off"}
        inputMode={props.inputMode}
        spellCheck={false}
        {...(hasInitialFocus ? initialFocus : {})}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-note`}
      />
      <FieldNote id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

export interface ChoiceFieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly choices: readonly { readonly value: string; readonly text: string }[];
  readonly hint?: string;
  readonly error?: string | undefined;
}

export function ChoiceField({ id, label, value, onChange, choices, hint, error }: ChoiceFieldProps): ReactNode {
  return (
    <div className="field">
      <label htmlFor={id} className="ix-form-label">
        {label}
      </label>
      <select
        id={id}
        data-testid={id}
        className={`choice${error === undefined ? "" : " ix-invalid"}`}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-note`}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
      <FieldNote id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

interface FieldNoteProps {
  readonly id: string;
  readonly hint: string | undefined;
  readonly error: string | undefined;
}

/** Below a field: its hint, or what is wrong, which may come while somebody types and is then read out. */
export function FieldNote({ id, hint, error }: FieldNoteProps): ReactNode {
  const note = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // In a long form it may come below the edge, where nobody looks who is typing.
    const isHere = document.activeElement?.getAttribute("aria-describedby") === id;
    if (error !== undefined && isHere) note.current?.scrollIntoView({ block: "nearest" });
  }, [id, error]);
  return (
    <div
      ref={note}
      id={id}
      className={error === undefined ? "field-hint" : "field-error"}
      aria-live="polite"
      data-testid={id}
    >
      {error ?? hint}
    </div>
  );
}

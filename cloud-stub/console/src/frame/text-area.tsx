// One labelled field for several lines, such as a key, with its hint, its error and what else serves it.
import type { ReactNode } from "react";
import { FieldNote } from "./text-field.tsx";

export interface TextAreaProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly placeholder?: string;
  readonly rows?: number;
  /** Stands beside the label: buttons that fill the field or take from it. */
  readonly tools?: ReactNode;
}

export function TextArea(props: TextAreaProps): ReactNode {
  const { id, label, value, onChange, hint, error, placeholder, rows = 3, tools } = props;
  return (
    <div className="field">
      <div className="field-head">
        <label htmlFor={id} className="ix-form-label">
          {label}
        </label>
        <div className="field-tools">{tools}</div>
      </div>
      <textarea
        id={id}
        data-testid={id}
        className={`ix-form-control key-text${error === undefined ? "" : " ix-invalid"}`}
        rows={rows}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-note`}
      />
      <FieldNote id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

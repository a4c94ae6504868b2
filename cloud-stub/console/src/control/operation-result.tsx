// What a gateway gave for an operation: the output of a command, or a file to keep.
import { iconDownload } from "@siemens/ix-icons/icons";
import { IxButton } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { errorText } from "../cloud/api-error.ts";
import { fileName } from "../frame/file-name.ts";
import { saveFile } from "../frame/save-file.ts";
import { fetchFile } from "./management-requests.ts";
import { type Operation, resultFile } from "./operation-words.ts";

export function OperationResult({ operation }: { readonly operation: Operation }): ReactNode {
  const output = operation.c8y_Command?.result;
  const file = resultFile(operation);
  if (output !== undefined && output !== "") {
    return (
      <pre className="operation-output" data-testid={`output-${operation.id}`}>
        {output}
      </pre>
    );
  }
  if (file !== undefined) return <ResultFile id={operation.id} {...file} />;
  return <span className="soft">—</span>;
}

interface ResultFileProps {
  readonly id: string;
  readonly path: string;
  /** What it is, such as the type of a log. */
  readonly name: string;
}

function ResultFile({ id, path, name }: ResultFileProps): ReactNode {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const download = async (): Promise<void> => {
    setIsBusy(true);
    setProblem(undefined);
    try {
      saveFile(fileName(`${name}-${id}`, ".txt"), await fetchFile(path));
    } catch (failure) {
      setProblem(errorText(failure));
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <div className="result-file">
      <IxButton
        variant="tertiary"
        icon={iconDownload}
        loading={isBusy}
        // `download` answers with a problem in place of rejecting.
        onClick={() => void download()}
        data-testid={`file-${id}`}
      >
        Download
      </IxButton>
      <div role="alert" className="field-error">
        {problem}
      </div>
    </div>
  );
}

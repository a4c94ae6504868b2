// A read that failed, said where its result would stand; silent while older data can still be shown.
import { IxButton, IxMessageBar } from "@siemens/ix-react";
import type { ReactNode } from "react";
import { errorText, isApiError } from "../cloud/api-error.ts";

interface ProblemProps {
  readonly error: unknown;
  readonly onRetry: () => void;
}

/** Shows nothing for "unreachable": the banner at the top says that for the whole page. */
export function Problem({ error, onRetry }: ProblemProps): ReactNode {
  if (error === undefined || isApiError(error, "api.unreachable")) return null;
  return (
    <div className="problem" data-testid="problem">
      <IxMessageBar type="warning" persistent>
        <div className="banner-content">
          <span>{errorText(error)}</span>
          <IxButton variant="tertiary" onClick={onRetry}>
            Retry
          </IxButton>
        </div>
      </IxMessageBar>
    </div>
  );
}

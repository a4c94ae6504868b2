// What stands in the screen's place while there is none: the steps on the way to it, or why it is gone.
import { iconCircle, iconErrorFilled, iconInfo, iconRefresh, iconSuccessFilled } from "@siemens/ix-icons/icons";
import { IxButton, IxIcon, IxSpinner } from "@siemens/ix-react";
import type { ReactNode } from "react";
import type { ConnectionState } from "./connection-state.ts";
import { stepsDone, stepsInOrder, stepWordsOf } from "./step-words.ts";

interface StageNoticeProps {
  readonly state: ConnectionState;
  /** Of the endpoint; undefined while it is not known. */
  readonly protocol: string | undefined;
  readonly onAgain: () => void;
}

const calmReasons: ReadonlySet<string | undefined> = new Set(["client.closed", "panel.closed"]);

export function StageNotice({ state, protocol, onAgain }: StageNoticeProps): ReactNode {
  const isOver = state.step === "disconnected";
  const isCalm = calmReasons.has(state.ending?.reason);
  return (
    <div className="notice" data-testid="stage-notice">
      {isOver ? (
        <>
          <div className={isCalm ? "notice-icon" : "notice-icon state-bad"}>
            <IxIcon name={isCalm ? iconInfo : iconErrorFilled} size="32" aria-hidden="true" />
          </div>
          <h1>{endingTitle(state, isCalm)}</h1>
          <p>{state.ending?.text}</p>
          {!isCalm && <StepList done={stepsDone(state.reached)} isRunning={false} protocol={protocol} />}
          <IxButton onClick={onAgain} icon={iconRefresh} data-testid="connect-again">
            Connect again
          </IxButton>
        </>
      ) : (
        <>
          <h1>Connecting</h1>
          <StepList done={stepsDone(state.step)} isRunning protocol={protocol} />
          {state.step === "waiting-for-gateway" && (
            <p className="soft">If the gateway is offline, the cloud waits up to 30 seconds for it.</p>
          )}
        </>
      )}
    </div>
  );
}

/** The same below a terminal whose last text a person may still want to read. */
export function EndStrip({ state, onAgain }: Omit<StageNoticeProps, "protocol">): ReactNode {
  const isCalm = calmReasons.has(state.ending?.reason);
  return (
    <div className="end-strip" data-testid="stage-notice">
      <p>
        <strong>{endingTitle(state, isCalm)}.</strong> {state.ending?.text}
      </p>
      <IxButton onClick={onAgain} icon={iconRefresh} data-testid="connect-again">
        Connect again
      </IxButton>
    </div>
  );
}

function endingTitle(state: ConnectionState, isCalm: boolean): string {
  if (isCalm) return "Disconnected";
  return state.reached === "connected" ? "The connection ended" : "The connection failed";
}

interface StepListProps {
  readonly done: number;
  readonly isRunning: boolean;
  readonly protocol: string | undefined;
}

function StepList({ done, isRunning, protocol }: StepListProps): ReactNode {
  return (
    <ol className="step-list">
      {stepsInOrder.map((step, index) => (
        <li
          key={step}
          className={index > done ? "soft" : ""}
          {...(isRunning && index === done ? { "aria-current": "step" as const } : {})}
        >
          <StepIcon place={index < done ? "done" : index > done ? "ahead" : isRunning ? "running" : "failed"} />
          <span className="step-words">{stepWordsOf(step, protocol)}</span>
        </li>
      ))}
    </ol>
  );
}

function StepIcon({ place }: { readonly place: "done" | "ahead" | "running" | "failed" }): ReactNode {
  switch (place) {
    case "done":
      return <IxIcon name={iconSuccessFilled} size="16" className="state-good" aria-hidden="true" />;
    case "running":
      return <IxSpinner size="x-small" aria-hidden="true" />;
    case "failed":
      return <IxIcon name={iconErrorFilled} size="16" className="state-bad" aria-hidden="true" />;
    case "ahead":
      return <IxIcon name={iconCircle} size="16" aria-hidden="true" />;
    default:
      return place satisfies never;
  }
}

// The bar above the screen: what it is connected to, where the connection stands, and the way to end it.
import { iconFullScreen, iconFullScreenExit } from "@siemens/ix-icons/icons";
import { IxButton, IxIconButton } from "@siemens/ix-react";
import { type ReactNode, useEffect, useState } from "react";
import { PosternMark } from "../frame/postern-mark.tsx";
import type { ConnectionState } from "./connection-state.ts";
import { stepWordsOf } from "./step-words.ts";

interface ConnectionBarProps {
  readonly state: ConnectionState;
  readonly deviceName: string | undefined;
  readonly endpointName: string | undefined;
  /** Of the endpoint; undefined while it is not known. */
  readonly protocol: string | undefined;
  readonly onDisconnect: () => void;
  /** What can be done with what is shown at present. */
  readonly children: ReactNode;
}

export function ConnectionBar(props: ConnectionBarProps): ReactNode {
  const { state, deviceName, endpointName, protocol, onDisconnect, children } = props;
  const isOver = state.step === "disconnected";
  return (
    <header
      id="connection-bar"
      data-step={state.step}
      {...(state.ending?.reason === undefined ? {} : { "data-reason": state.ending.reason })}
    >
      <PosternMark size={24} />
      <div className="bar-names">
        <strong data-testid="bar-endpoint">{endpointName ?? "Endpoint"}</strong>
        <span className="soft" data-testid="bar-device">
          {deviceName}
        </span>
      </div>
      <div className={`bar-status bar-status-${state.step}`} role="status" aria-live="polite">
        <span className="bar-light" aria-hidden="true" />
        <span className="bar-words">
          <span className="step-words" data-testid="connection-step">
            {stepWordsOf(state.step, protocol)}
          </span>
          {isOver && <span data-testid="connection-ending">{state.ending?.text}</span>}
        </span>
      </div>
      <div className="bar-buttons">
        {children}
        <FullScreenButton />
        {!isOver && (
          <IxButton variant="secondary" onClick={onDisconnect} data-testid="disconnect">
            Disconnect
          </IxButton>
        )}
      </div>
    </header>
  );
}

function FullScreenButton(): ReactNode {
  const [isFull, setIsFull] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const look = (): void => setIsFull(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", look);
    return () => document.removeEventListener("fullscreenchange", look);
  }, []);
  const toggle = async (): Promise<void> => {
    try {
      if (isFull) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen();
    } catch {
      // The browser or its owner does not allow full screen: the page stays as it is.
    }
  };
  return (
    <IxIconButton
      icon={isFull ? iconFullScreenExit : iconFullScreen}
      variant="subtle-tertiary"
      aria-label={isFull ? "Leave full screen" : "Full screen"}
      title={isFull ? "Leave full screen" : "Full screen"}
      onClick={() => void toggle()}
      data-testid="full-screen"
    />
  );
}

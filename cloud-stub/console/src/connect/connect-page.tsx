// The page in a tab of its own that shows a panel's screen, with a bar that says where the connection stands.
import { type ReactNode, useCallback, useEffect, useReducer, useRef, useState } from "react";
import { useParams } from "react-router";
import { errorText, isApiError } from "../cloud/api-error.ts";
import { deviceName, fetchDevice } from "../devices/device.ts";
import { usePageTitle } from "../frame/use-page-title.ts";
import { fetchEndpoint } from "../remote-access/endpoint.ts";
import { ConnectionBar } from "./connection-bar.tsx";
import { connectionAfter, startState } from "./connection-state.ts";
import { QuestionDialog } from "./question-dialog.tsx";
import { StageNotice } from "./stage-notice.tsx";
import { type PanelQuestion, startVncSession, type VncSession } from "./vnc-session.ts";

export function ConnectPage(): ReactNode {
  const { deviceId = "", configurationId = "" } = useParams();
  const [attempt, setAttempt] = useState(1);
  return (
    <Viewer
      key={`${deviceId}/${configurationId}/${attempt}`}
      deviceId={deviceId}
      configurationId={configurationId}
      onAgain={() => setAttempt((last) => last + 1)}
    />
  );
}

interface ViewerProps {
  readonly deviceId: string;
  readonly configurationId: string;
  readonly onAgain: () => void;
}

interface Names {
  readonly device: string;
  readonly endpoint: string;
}

function Viewer({ deviceId, configurationId, onAgain }: ViewerProps): ReactNode {
  const [state, tell] = useReducer(connectionAfter, startState);
  const [names, setNames] = useState<Names>();
  const [question, setQuestion] = useState<PanelQuestion>();
  const stage = useRef<HTMLDivElement>(null);
  const session = useRef<VncSession>(undefined);
  usePageTitle(names === undefined ? "Connect" : `${names.endpoint} on ${names.device}`);

  useEffect(() => {
    const leaving = new AbortController();
    const start = async (): Promise<void> => {
      const outcome = await prepare(deviceId, configurationId, leaving.signal);
      if (leaving.signal.aborted || stage.current === null) return;
      if (outcome.names !== undefined) setNames(outcome.names);
      if (outcome.problem !== undefined) {
        tell({ type: "start.failed", text: outcome.problem });
        return;
      }
      session.current = startVncSession({
        deviceId,
        configurationId,
        stage: stage.current,
        onFact: tell,
        onQuestion: setQuestion,
        onRefused: () => {
          // `findRefusal` never rejects.
          void findRefusal(deviceId, configurationId).then((text) => tell({ type: "start.failed", text }));
        },
      });
    };
    // `prepare` answers with a problem in place of rejecting.
    void start();
    const leave = (): void => {
      leaving.abort();
      session.current?.close();
      session.current = undefined;
    };
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [deviceId, configurationId]);

  // Only a screen that is shown can take the keyboard.
  useEffect(() => {
    if (state.step === "connected") session.current?.focus();
  }, [state.step]);

  const disconnect = useCallback(() => {
    tell({ type: "person.disconnected" });
    session.current?.close();
  }, []);

  return (
    <div className="viewer">
      <ConnectionBar
        state={state}
        deviceName={names?.device}
        endpointName={names?.endpoint}
        onDisconnect={disconnect}
        onCtrlAltDel={() => {
          session.current?.sendCtrlAltDel();
          session.current?.focus();
        }}
      />
      <main className="stage">
        <div id="screen" ref={stage} className={state.step === "connected" ? "" : "screen-hidden"} />
        {state.step !== "connected" && <StageNotice state={state} onAgain={onAgain} />}
      </main>
      {question !== undefined && state.step === "handshaking" && (
        <QuestionDialog
          question={question}
          onCredentials={(credentials) => {
            setQuestion(undefined);
            session.current?.sendCredentials(credentials);
          }}
          onAccept={() => {
            setQuestion(undefined);
            session.current?.acceptIdentity();
          }}
          onCancel={() => {
            setQuestion(undefined);
            disconnect();
          }}
        />
      )}
    </div>
  );
}

interface Preparation {
  readonly names?: Names;
  readonly problem?: string;
}

/** Reads the names for the bar, and whether the endpoint has a screen at all. */
async function prepare(deviceId: string, configurationId: string, signal: AbortSignal): Promise<Preparation> {
  try {
    const [device, endpoint] = await Promise.all([
      readDeviceName(deviceId, signal),
      fetchEndpoint(deviceId, configurationId, signal),
    ]);
    const names = { device, endpoint: endpoint.name };
    if (endpoint.protocol === "VNC") return { names };
    return { names, problem: "This endpoint has no screen: it needs a native client and a local proxy." };
  } catch (error) {
    return { problem: problemText(error) };
  }
}

/** A person may connect without being allowed to read the inventory: the bar then has to do with the id. */
async function readDeviceName(deviceId: string, signal: AbortSignal): Promise<string> {
  try {
    return deviceName(await fetchDevice(deviceId, signal));
  } catch (error) {
    if (isApiError(error, "api.forbidden")) return `Device ${deviceId}`;
    throw error;
  }
}

/** Why the cloud refused the websocket: a browser does not say, but the same question over HTTP gets an answer. */
async function findRefusal(deviceId: string, configurationId: string): Promise<string> {
  const outcome = await prepare(deviceId, configurationId, AbortSignal.timeout(15_000));
  return outcome.problem ?? "The cloud did not accept the connection. Try again in a moment.";
}

function problemText(error: unknown): string {
  if (isApiError(error, "api.not-found")) return "This endpoint does not exist, or not any more.";
  if (isApiError(error, "api.unreachable")) return "The cloud does not answer.";
  return errorText(error);
}

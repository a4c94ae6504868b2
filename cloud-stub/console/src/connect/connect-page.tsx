// The page in a tab of its own that shows a panel's screen or terminal, with a bar that says where the connection stands.
import { type ReactNode, useCallback, useEffect, useReducer, useRef, useState } from "react";
import { useParams } from "react-router";
import { usePageTitle } from "../frame/use-page-title.ts";
import { ClipboardPanel } from "./clipboard-panel.tsx";
import { ConnectionBar } from "./connection-bar.tsx";
import { type ConnectionFact, connectionAfter, startState } from "./connection-state.ts";
import { NoticeLine } from "./notice-line.tsx";
import type { PanelQuestion } from "./panel-question.ts";
import { findRefusal, type Names, prepare } from "./preparation.ts";
import { QuestionDialog } from "./question-dialog.tsx";
import { EndStrip, StageNotice } from "./stage-notice.tsx";
import type { TerminalSession } from "./terminal-session.ts";
import { SearchBox, TerminalTools } from "./terminal-tools.tsx";
import "../remote-access/remote-access.css";
import "./viewer.css";
import type { VncSession } from "./vnc-session.ts";
import { VncTools } from "./vnc-tools.tsx";

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

type ViewerSession = VncSession | TerminalSession;

function Viewer({ deviceId, configurationId, onAgain }: ViewerProps): ReactNode {
  const [state, tell] = useReducer(connectionAfter, startState);
  const [names, setNames] = useState<Names>();
  const [question, setQuestion] = useState<PanelQuestion>();
  const [notice, setNotice] = useState<string>();
  const [aside, setAside] = useState<"none" | "clipboard" | "search">("none");
  const [session, setSession] = useState<ViewerSession>();
  const stage = useRef<HTMLDivElement>(null);
  const leaveRef = useRef<() => void>(() => undefined);
  usePageTitle(names === undefined ? "Connect" : `${names.endpoint} on ${names.device}`);

  useEffect(() => {
    const leaving = new AbortController();
    let mine: ViewerSession | undefined;
    const start = async (): Promise<void> => {
      const outcome = await prepare(deviceId, configurationId, leaving.signal);
      if (leaving.signal.aborted) return;
      if (outcome.names !== undefined) setNames(outcome.names);
      if (outcome.problem !== undefined) {
        tell({ type: "start.failed", text: outcome.problem });
        return;
      }
      const open = await loadSession(outcome.names.protocol);
      if (leaving.signal.aborted || stage.current === null) return;
      if (open === undefined) {
        tell({ type: "start.failed", text: "The cloud does not answer." });
        return;
      }
      mine = open({
        deviceId,
        configurationId,
        stage: stage.current,
        onFact: tell,
        onQuestion: setQuestion,
        onNotice: setNotice,
        onSearch: () => setAside("search"),
        onRefused: () => {
          // `findRefusal` never rejects.
          void findRefusal(deviceId, configurationId).then((text) => tell({ type: "start.failed", text }));
        },
      });
      setSession(mine);
    };
    // `prepare` and `loadSession` answer in place of rejecting.
    void start();
    const leave = (): void => {
      leaving.abort();
      mine?.close();
    };
    leaveRef.current = leave;
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
      mine?.dispose();
    };
  }, [deviceId, configurationId]);

  const isConnected = state.step === "connected";
  // Only a screen that is shown can take the keyboard.
  useEffect(() => {
    if (isConnected) session?.focus();
  }, [isConnected, session]);

  // By way of the effect: a connection that is only being prepared must not be opened any more.
  const disconnect = useCallback(() => {
    tell({ type: "person.disconnected" });
    leaveRef.current();
  }, []);

  // What a shell said last may be what the person came for.
  const isReadable = session?.kind === "terminal" && state.reached === "connected";
  const isOver = state.step === "disconnected";
  const closeAside = (): void => {
    setAside("none");
    session?.focus();
  };
  return (
    <div className="viewer">
      <ConnectionBar
        state={state}
        deviceName={names?.device}
        endpointName={names?.endpoint}
        protocol={names?.protocol}
        onDisconnect={disconnect}
      >
        {session?.kind === "screen" && isConnected && (
          <VncTools
            session={session}
            endpointName={names?.endpoint ?? "panel"}
            isClipboardShown={aside === "clipboard"}
            onClipboard={() => setAside((last) => (last === "clipboard" ? "none" : "clipboard"))}
          />
        )}
        {isReadable && (
          <TerminalTools
            session={session}
            protocol={names?.protocol ?? ""}
            isOpen={isConnected}
            onSearch={() => setAside("search")}
            onNotice={setNotice}
          />
        )}
      </ConnectionBar>
      {notice !== undefined && <NoticeLine text={notice} onClose={() => setNotice(undefined)} />}
      <main className={stageClasses(session?.kind === "terminal" && isReadable, isReadable && isOver)}>
        <div id="screen" ref={stage} className={isConnected || isReadable ? "" : "screen-hidden"} />
        {session?.kind === "screen" && isConnected && aside === "clipboard" && (
          <ClipboardPanel session={session} onClose={closeAside} />
        )}
        {isReadable && aside === "search" && <SearchBox session={session} onClose={closeAside} />}
        {isReadable && isOver && <EndStrip state={state} onAgain={onAgain} />}
        {!isConnected && !isReadable && <StageNotice state={state} protocol={names?.protocol} onAgain={onAgain} />}
      </main>
      {question !== undefined && !isConnected && !isOver && session !== undefined && (
        <Question
          question={question}
          session={session}
          onAnswered={() => setQuestion(undefined)}
          onCancel={() => {
            setQuestion(undefined);
            disconnect();
          }}
        />
      )}
    </div>
  );
}

function stageClasses(isTerminal: boolean, hasStrip: boolean): string {
  return `stage${isTerminal ? " terminal-stage" : ""}${hasStrip ? " has-strip" : ""}`;
}

interface QuestionProps {
  readonly question: PanelQuestion;
  readonly session: ViewerSession;
  readonly onAnswered: () => void;
  readonly onCancel: () => void;
}

function Question({ question, session, onAnswered, onCancel }: QuestionProps): ReactNode {
  const answer = (give: () => void): void => {
    onAnswered();
    give();
  };
  return (
    <QuestionDialog
      question={question}
      onCredentials={(credentials) =>
        answer(() => {
          if (session.kind === "screen") session.sendCredentials(credentials);
        })
      }
      onAccept={() =>
        answer(() => {
          if (session.kind === "screen") session.acceptIdentity();
        })
      }
      onHostKey={(fingerprint) => answer(() => session.acceptHostKey(fingerprint))}
      onAnswers={(id, answers) => answer(() => session.answerPrompt(id, answers))}
      onCancel={onCancel}
    />
  );
}

interface SessionOptions {
  readonly deviceId: string;
  readonly configurationId: string;
  readonly stage: HTMLElement;
  readonly onFact: (fact: ConnectionFact) => void;
  readonly onQuestion: (question: PanelQuestion) => void;
  readonly onNotice: (text: string) => void;
  readonly onSearch: () => void;
  readonly onRefused: () => void;
}

/** noVNC and xterm.js are big, and a session needs one of them only. Undefined: the cloud did not send it. */
async function loadSession(protocol: string): Promise<((options: SessionOptions) => ViewerSession) | undefined> {
  try {
    if (protocol === "VNC") return (await import("./vnc-session.ts")).startVncSession;
    return (await import("./terminal-session.ts")).startTerminalSession;
  } catch {
    return undefined;
  }
}

// A time as its distance from now, with the exact time on hover.
import { type ReactNode, useEffect, useState } from "react";
import { readAgo, readDateTime } from "./readable.ts";

const refreshEveryMs = 5000;

export function TimeAgo({
  iso,
  otherwise = "—",
}: {
  readonly iso: string | undefined;
  readonly otherwise?: string;
}): ReactNode {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNowMs(Date.now()), refreshEveryMs);
    return () => window.clearInterval(timer);
  }, []);
  const ago = readAgo(iso, nowMs);
  if (ago === undefined) return <span className="soft">{otherwise}</span>;
  return (
    <time dateTime={iso} title={readDateTime(iso)}>
      {ago}
    </time>
  );
}

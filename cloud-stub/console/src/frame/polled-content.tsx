// What a page reads from the cloud again and again: that it is being read, why it could not be, and then what came.
import type { ReactNode } from "react";
import type { Polled } from "../polling/use-polled.ts";
import { Wait } from "./full-page-wait.tsx";
import { Problem } from "./problem.tsx";

interface PolledContentProps<T> {
  readonly polled: Polled<T>;
  readonly waitText: string;
  /** Shown from the first answer on, also beside the words on a later one that failed. */
  readonly children: (value: T) => ReactNode;
}

export function PolledContent<T>({ polled, waitText, children }: PolledContentProps<T>): ReactNode {
  const { value, error, refresh } = polled;
  return (
    <>
      <Problem error={error} onRetry={refresh} />
      {value === undefined && error === undefined && <Wait text={waitText} />}
      {value !== undefined && children(value)}
    </>
  );
}

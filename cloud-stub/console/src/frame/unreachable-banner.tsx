// The banner that says the cloud does not answer, when it is asked again, and lets a person ask at once.
import { IxButton, IxMessageBar } from "@siemens/ix-react";
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { reachabilityState, retryNow, watchReachability } from "../cloud/reachability.ts";

export function UnreachableBanner(): ReactNode {
  const state = useSyncExternalStore(watchReachability, reachabilityState);
  return state.isReachable ? null : <Banner retryAtMs={state.retryAtMs} />;
}

function Banner({ retryAtMs }: { readonly retryAtMs: number }): ReactNode {
  const seconds = useSecondsUntil(retryAtMs);
  return (
    <div className="banner" data-testid="unreachable-banner">
      <IxMessageBar type="alarm" persistent>
        <div className="banner-content">
          <span>
            The cloud does not answer. What you see may be out of date.{" "}
            {seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again now."}
          </span>
          <IxButton variant="tertiary" data-testid="retry-now" onClick={retryNow}>
            Retry now
          </IxButton>
        </div>
      </IxMessageBar>
    </div>
  );
}

function useSecondsUntil(atMs: number): number {
  const [nowMs, setNowMs] = useState(() => performance.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNowMs(performance.now()), 500);
    return () => window.clearInterval(timer);
  }, []);
  return Math.max(0, Math.ceil((atMs - nowMs) / 1000));
}

// Whether remote access is part of what the tenant has subscribed to.
import { isThere } from "../cloud/api-client.ts";
import { usePolled } from "../polling/use-polled.ts";

const refreshEveryMs = 30_000;

/** For a service that the tenant does not have the cloud answers 404. */
const healthPath = "/service/remoteaccess/health";

/** Undefined until the cloud has answered. */
export function useIsSubscribed(): boolean | undefined {
  return usePolled(isSubscribed, refreshEveryMs).value;
}

function isSubscribed(signal: AbortSignal): Promise<boolean> {
  return isThere(healthPath, signal);
}

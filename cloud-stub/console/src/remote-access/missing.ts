// Why a gateway's Remote access tab is not there, in words.

export interface RemoteAccessNeeds {
  readonly isAllowed: boolean;
  readonly isSubscribed: boolean;
  readonly isSupported: boolean;
}

/** Undefined when nothing is missing. The first that is missing is named: the others may not matter after it. */
export function missingForRemoteAccess({
  isAllowed,
  isSubscribed,
  isSupported,
}: RemoteAccessNeeds): string | undefined {
  if (!isSubscribed) {
    return "Remote access is not in this tenant’s subscription, so the Remote access tab is hidden. Whoever manages the tenant can subscribe to it.";
  }
  if (!isAllowed) {
    return "Your account has no permission for Remote access, so the Remote access tab is hidden. “Read” permission for Remote access is enough to connect; ask an administrator for it.";
  }
  if (!isSupported) {
    return "This device does not report the operation c8y_RemoteAccessConnect, so its Remote access tab is hidden. The gateway reports it once it has been online with remote access switched on.";
  }
  return undefined;
}

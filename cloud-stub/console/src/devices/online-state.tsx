// Whether a gateway is connected, as icon and words.
import { iconConnectedCircleFilled, iconDisconnectedCircle } from "@siemens/ix-icons/icons";
import { IxIcon } from "@siemens/ix-react";
import type { ReactNode } from "react";

export function OnlineState({ isOnline }: { readonly isOnline: boolean }): ReactNode {
  return (
    <span className={`state ${isOnline ? "state-good" : "state-off"}`} data-state={isOnline ? "online" : "offline"}>
      <IxIcon name={isOnline ? iconConnectedCircleFilled : iconDisconnectedCircle} size="16" aria-hidden="true" />
      <span>{isOnline ? "Online" : "Offline"}</span>
    </span>
  );
}

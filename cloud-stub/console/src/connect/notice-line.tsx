// A line under the bar: something worth knowing that the cloud or the page has to say, until somebody closes it.
import { iconClose, iconInfo } from "@siemens/ix-icons/icons";
import { IxIcon, IxIconButton } from "@siemens/ix-react";
import type { ReactNode } from "react";

interface NoticeLineProps {
  readonly text: string;
  readonly onClose: () => void;
}

export function NoticeLine({ text, onClose }: NoticeLineProps): ReactNode {
  return (
    <div className="notice-line" role="status" data-testid="session-notice">
      <IxIcon name={iconInfo} size="16" aria-hidden="true" />
      <span>{text}</span>
      <IxIconButton
        icon={iconClose}
        variant="subtle-tertiary"
        size="16"
        aria-label="Close the notice"
        onClick={onClose}
        data-testid="session-notice-close"
      />
    </div>
  );
}

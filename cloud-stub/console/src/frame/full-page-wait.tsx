// What a page shows while it has nothing yet to show.
import { IxSpinner } from "@siemens/ix-react";
import type { ReactNode } from "react";
import { UnreachableBanner } from "./unreachable-banner.tsx";

export function FullPageWait({ text }: { readonly text: string }): ReactNode {
  return (
    <div className="full-page-wait">
      <UnreachableBanner />
      <Wait text={text} />
    </div>
  );
}

export function Wait({ text }: { readonly text: string }): ReactNode {
  return (
    <div className="wait" role="status">
      <IxSpinner size="medium" />
      <span className="soft">{text}</span>
    </div>
  );
}

// An address that the console does not know.

import { iconSearch } from "@siemens/ix-icons/icons";
import { IxEmptyState } from "@siemens/ix-react";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { usePageTitle } from "./use-page-title.ts";

export function NotFoundPage(): ReactNode {
  const navigate = useNavigate();
  usePageTitle("Not found");
  return (
    <IxEmptyState
      header="There is no such page"
      subHeader="The address may be old, or have been typed wrong."
      icon={iconSearch}
      action="Go to all devices"
      onActionClick={() => void navigate("/devices")}
    />
  );
}

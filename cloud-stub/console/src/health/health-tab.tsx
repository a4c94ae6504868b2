// The Health tab: what is wrong with the gateway, and what it measures.
import type { ReactNode } from "react";
import { useDevice } from "../devices/device-page.tsx";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayChangeAlarms, mayReadAlarms, mayReadMeasurements } from "../sign-in/permissions.ts";
import { AlarmSection } from "./alarm-section.tsx";
import "./health.css";
import { MeasurementSection } from "./measurement-section.tsx";

export function HealthTab(): ReactNode {
  const user = useCurrentUser();
  const device = useDevice();
  return (
    <>
      {mayReadAlarms(user) && <AlarmSection deviceId={device.id} mayChange={mayChangeAlarms(user)} />}
      {mayReadMeasurements(user) && <MeasurementSection deviceId={device.id} />}
    </>
  );
}

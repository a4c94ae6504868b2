// What a person can ask the gateway to do: only what it has said that it supports.
import { iconCommandLine, iconDownload, iconLog, iconReboot, iconUpload } from "@siemens/ix-icons/icons";
import { IxButton } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { type Device, deviceName, isOnline, supports } from "../devices/device.ts";
import { useDevice } from "../devices/device-page.tsx";
import { ConfirmDialog } from "../frame/confirm-dialog.tsx";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayControlDevices, maySendFiles } from "../sign-in/permissions.ts";
import { CommandDialog } from "./command-dialog.tsx";
import { GetConfigurationDialog, SendConfigurationDialog } from "./configuration-dialogs.tsx";
import { LogDialog } from "./log-dialog.tsx";
import { restart } from "./management-requests.ts";
import type { Operation } from "./operation-words.ts";

type Action = "restart" | "log" | "get-configuration" | "send-configuration" | "command";

interface DeviceActionsProps {
  /** Those that are known, for the commands in them. */
  readonly operations: readonly Operation[];
  readonly onCreated: () => void;
}

export function DeviceActions({ operations, onCreated }: DeviceActionsProps): ReactNode {
  const user = useCurrentUser();
  const device = useDevice();
  const [open, setOpen] = useState<Action>();
  const logs = device.c8y_SupportedLogs ?? [];
  const configurations = device.c8y_SupportedConfigurations ?? [];
  const actions = [
    { key: "restart", text: "Restart", icon: iconReboot, isShown: supports(device, "c8y_Restart") },
    { key: "log", text: "Get log", icon: iconLog, isShown: supports(device, "c8y_LogfileRequest") && logs.length > 0 },
    {
      key: "get-configuration",
      text: "Get configuration",
      icon: iconDownload,
      isShown: supports(device, "c8y_UploadConfigFile") && configurations.length > 0,
    },
    {
      key: "send-configuration",
      text: "Send configuration",
      icon: iconUpload,
      isShown: supports(device, "c8y_DownloadConfigFile") && configurations.length > 0 && maySendFiles(user),
    },
    { key: "command", text: "Run command", icon: iconCommandLine, isShown: supports(device, "c8y_Command") },
  ] as const;
  const shown = actions.filter(({ isShown }) => isShown);
  if (!mayControlDevices(user) || shown.length === 0) return null;

  const close = (): void => setOpen(undefined);
  const dialog = { deviceId: device.id, offlineHint: offlineHint(device), onDone: onCreated, onClose: close };
  return (
    <>
      <div className="device-actions" data-testid="device-actions">
        {shown.map(({ key, text, icon }) => (
          <IxButton key={key} variant="secondary" icon={icon} onClick={() => setOpen(key)} data-testid={`ask-${key}`}>
            {text}
          </IxButton>
        ))}
      </div>
      {open === "restart" && <RestartDialog device={device} onDone={onCreated} onClose={close} />}
      {open === "log" && <LogDialog {...dialog} types={logs} />}
      {open === "get-configuration" && <GetConfigurationDialog {...dialog} types={configurations} />}
      {open === "send-configuration" && <SendConfigurationDialog {...dialog} types={configurations} />}
      {open === "command" && <CommandDialog {...dialog} earlier={commandsOf(operations)} />}
    </>
  );
}

interface RestartDialogProps {
  readonly device: Device;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function RestartDialog({ device, onDone, onClose }: RestartDialogProps): ReactNode {
  return (
    <ConfirmDialog
      title={`Restart ${deviceName(device)}?`}
      testId="restart-dialog"
      confirmText="Restart"
      onConfirm={() => restart(device.id)}
      onDone={onDone}
      onClose={onClose}
    >
      The board restarts. Open connections through this gateway end, and it is back after a minute or so.{" "}
      {offlineHint(device)}
    </ConfirmDialog>
  );
}

function offlineHint(device: Device): string {
  return isOnline(device) ? "" : "The gateway is offline: it is told when it is back.";
}

/** The texts that were asked for before, newest first: most commands are run more than once. */
function commandsOf(operations: readonly Operation[]): readonly string[] {
  return [...new Set(operations.flatMap(({ c8y_Command: command }) => command?.text ?? []))];
}

// What a person can do with a panel's screen, as buttons and menus of the bar.
import { iconClipboard, iconFitToScreen, iconKeyboard, iconPhotoCamera } from "@siemens/ix-icons/icons";
import { IxButton, IxDropdownButton, IxDropdownHeader, IxDropdownItem, IxIconButton } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { fileName } from "../frame/file-name.ts";
import { saveFile } from "../frame/save-file.ts";
import type { ScreenFit } from "./screen-fit.ts";
import { singleKeys, stickyKeys } from "./vnc-keys.ts";
import type { VncSession } from "./vnc-session.ts";
import { type Compression, compressionTexts, type PictureQuality, qualityTexts } from "./vnc-view.ts";

interface VncToolsProps {
  readonly session: VncSession;
  readonly endpointName: string;
  readonly isClipboardShown: boolean;
  readonly onClipboard: () => void;
}

export function VncTools({ session, endpointName, isClipboardShown, onClipboard }: VncToolsProps): ReactNode {
  const save = async (): Promise<void> => {
    const picture = await session.screenshot();
    if (picture !== undefined) saveFile(fileName(endpointName, ".png"), picture);
    session.focus();
  };
  return (
    <>
      <ViewMenu session={session} />
      <IxButton
        variant="tertiary"
        onClick={() => {
          session.sendCtrlAltDel();
          session.focus();
        }}
        data-testid="ctrl-alt-del"
      >
        Ctrl+Alt+Del
      </IxButton>
      <KeysMenu session={session} />
      <IxIconButton
        icon={iconClipboard}
        variant={isClipboardShown ? "secondary" : "subtle-tertiary"}
        aria-label="Clipboard"
        title="Clipboard"
        onClick={onClipboard}
        data-testid="clipboard"
      />
      <IxIconButton
        icon={iconPhotoCamera}
        variant="subtle-tertiary"
        aria-label="Save a picture of the screen"
        title="Save a picture of the screen"
        // `screenshot` never rejects.
        onClick={() => void save()}
        data-testid="screenshot"
      />
    </>
  );
}

const fitTexts: Readonly<Record<ScreenFit, string>> = {
  fit: "Fit into the window",
  "one-to-one": "Pixel for pixel (1:1)",
  remote: "Change the panel’s screen to the window",
};

function ViewMenu({ session }: { readonly session: VncSession }): ReactNode {
  const [fit, setFit] = useState<ScreenFit>("fit");
  const [quality, setQuality] = useState<PictureQuality>("exact");
  const [compression, setCompression] = useState<Compression>("balanced");
  return (
    <IxDropdownButton variant="tertiary" icon={iconFitToScreen} label="View" enableTopLayer data-testid="view-menu">
      <IxDropdownHeader label="Size" />
      <Choices
        texts={fitTexts}
        chosen={fit}
        prefix="fit"
        onChoose={(next) => {
          setFit(next);
          session.fit(next);
        }}
      />
      <IxDropdownHeader label="Picture" />
      <Choices
        texts={qualityTexts}
        chosen={quality}
        prefix="quality"
        onChoose={(next) => {
          setQuality(next);
          session.quality(next);
        }}
      />
      <IxDropdownHeader label="Compression" />
      <Choices
        texts={compressionTexts}
        chosen={compression}
        prefix="compression"
        onChoose={(next) => {
          setCompression(next);
          session.compression(next);
        }}
      />
    </IxDropdownButton>
  );
}

interface ChoicesProps<T extends string> {
  readonly texts: Readonly<Record<T, string>>;
  readonly chosen: T;
  readonly prefix: string;
  readonly onChoose: (choice: T) => void;
}

function Choices<T extends string>({ texts, chosen, prefix, onChoose }: ChoicesProps<T>): ReactNode {
  return (Object.keys(texts) as T[]).map((choice) => (
    <IxDropdownItem
      key={choice}
      label={texts[choice]}
      checked={choice === chosen}
      onClick={() => onChoose(choice)}
      data-testid={`${prefix}-${choice}`}
    />
  ));
}

const noKeys: ReadonlySet<string> = new Set();

function KeysMenu({ session }: { readonly session: VncSession }): ReactNode {
  const [held, setHeld] = useState(noKeys);
  return (
    <IxDropdownButton variant="tertiary" icon={iconKeyboard} label="Keys" enableTopLayer data-testid="keys-menu">
      <IxDropdownHeader label="Hold down" />
      {stickyKeys.map((key) => (
        <IxDropdownItem
          key={key.testId}
          label={key.name}
          checked={held.has(key.testId)}
          onClick={() => {
            const next = new Set(held);
            if (!next.delete(key.testId)) next.add(key.testId);
            session.sendKey(key, next.has(key.testId) ? "press" : "release");
            setHeld(next);
            session.focus();
          }}
          data-testid={key.testId}
        />
      ))}
      <IxDropdownHeader label="Press" />
      {singleKeys.map((key) => (
        <IxDropdownItem
          key={key.testId}
          label={key.name}
          onClick={() => {
            session.sendKey(key);
            session.focus();
          }}
          data-testid={key.testId}
        />
      ))}
    </IxDropdownButton>
  );
}

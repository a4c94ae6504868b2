// The part of noVNC's interface that the console uses; the package brings no types.
declare module "@novnc/novnc" {
  type RawChannel = import("./vnc-channel.ts").RawChannel;

  interface RfbEventDetails {
    readonly connect: unknown;
    readonly disconnect: { readonly clean: boolean };
    readonly credentialsrequired: { readonly types: readonly string[] };
    readonly securityfailure: { readonly status: number; readonly reason?: string };
    readonly clipboard: { readonly text: string };
    readonly serververification: { readonly type: string; readonly publickey: Uint8Array<ArrayBuffer> };
  }

  class RFB {
    constructor(target: HTMLElement, channel: RawChannel, options?: { readonly shared?: boolean });
    scaleViewport: boolean;
    resizeSession: boolean;
    /** 0 to 9; a change sends SetEncodings anew. */
    qualityLevel: number;
    compressionLevel: number;
    focusOnClick: boolean;
    background: string;
    readonly capabilities: { readonly power: boolean };
    addEventListener<K extends keyof RfbEventDetails>(
      name: K,
      listener: (event: CustomEvent<RfbEventDetails[K]>) => void,
    ): void;
    disconnect(): void;
    focus(options?: FocusOptions): void;
    sendCredentials(credentials: Readonly<Record<string, string>>): void;
    approveServer(): void;
    sendCtrlAltDel(): void;
    /** Without `down`: pressed and released. */
    sendKey(keysym: number, code: string, down?: boolean): void;
    clipboardPasteFrom(text: string): void;
    toBlob(callback: (blob: Blob | null) => void, type?: string): void;
  }

  // biome-ignore lint/style/noDefaultExport: the package exports its class so.
  export { RFB as default };
}

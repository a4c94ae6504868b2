// The part of noVNC's interface that the console uses; the package brings no types.
declare module "@novnc/novnc" {
  /** What noVNC needs of a channel in place of a WebSocket. */
  interface RawChannel {
    binaryType: string;
    readonly protocol: string;
    readonly readyState: string;
    onopen: (() => void) | null;
    onmessage: ((event: { readonly data: ArrayBuffer }) => void) | null;
    onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
    onerror: (() => void) | null;
    send(bytes: Uint8Array): void;
    close(): void;
  }

  interface RfbEventDetails {
    readonly connect: unknown;
    readonly disconnect: { readonly clean: boolean };
    readonly credentialsrequired: { readonly types: readonly string[] };
    readonly securityfailure: { readonly status: number; readonly reason?: string };
    readonly serververification: { readonly type: string; readonly publickey: Uint8Array<ArrayBuffer> };
  }

  class RFB {
    constructor(target: HTMLElement, channel: RawChannel, options?: { readonly shared?: boolean });
    scaleViewport: boolean;
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
  }

  // biome-ignore lint/style/noDefaultExport: the package exports its class so.
  export { type RawChannel, RFB as default };
}

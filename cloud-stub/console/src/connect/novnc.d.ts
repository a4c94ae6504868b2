// The part of noVNC's interface that the console uses; the package brings no types.
declare module "@novnc/novnc" {
  type RawChannel = import("./vnc-channel.ts").RawChannel;

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
  export { RFB as default };
}

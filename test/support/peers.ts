// Real servers and clients that nobody here wrote: is one installed, and a line that names the package where it is not.
import { execFileSync } from "node:child_process";

export interface Peer {
  readonly program: string;
  /** Debian's package. */
  readonly debianPackage: string;
}

export const peers = {
  xvnc: { program: "Xtigervnc", debianPackage: "tigervnc-standalone-server" },
  vncPassword: { program: "tigervncpasswd", debianPackage: "tigervnc-tools" },
  xterm: { program: "xterm", debianPackage: "xterm" },
  xwd: { program: "xwd", debianPackage: "x11-apps" },
  xev: { program: "xev", debianPackage: "x11-utils" },
  chromium: { program: "chromium", debianPackage: "chromium" },
  script: { program: "script", debianPackage: "bsdutils" },
  sshd: { program: "sshd", debianPackage: "openssh-server" },
  ssh: { program: "ssh", debianPackage: "openssh-client" },
  ip: { program: "ip", debianPackage: "iproute2" },
  dropbear: { program: "dropbear", debianPackage: "dropbear-bin" },
  dropbearkey: { program: "dropbearkey", debianPackage: "dropbear-bin" },
  telnetd: { program: "telnetd", debianPackage: "inetutils-telnetd" },
  socat: { program: "socat", debianPackage: "socat" },
  xtightvnc: { program: "Xtightvnc", debianPackage: "tightvncserver" },
  x11vnc: { program: "x11vnc", debianPackage: "x11vnc" },
  xvfb: { program: "Xvfb", debianPackage: "xvfb" },
  sshKeygen: { program: "ssh-keygen", debianPackage: "openssh-client" },
  puttygen: { program: "puttygen", debianPackage: "putty-tools" },
  openssl: { program: "openssl", debianPackage: "openssl" },
  xtightvncviewer: { program: "xtightvncviewer", debianPackage: "xtightvncviewer" },
  xtigervncviewer: { program: "xtigervncviewer", debianPackage: "tigervnc-viewer" },
  xdotool: { program: "xdotool", debianPackage: "xdotool" },
  telnet: { program: "inetutils-telnet", debianPackage: "inetutils-telnet" },
  mbpoll: { program: "mbpoll", debianPackage: "mbpoll" },
  certutil: { program: "certutil", debianPackage: "libnss3-tools" },
  tcpdump: { program: "tcpdump", debianPackage: "tcpdump" },
  mosquitto: { program: "mosquitto", debianPackage: "mosquitto" },
  qemuAarch64: { program: "qemu-aarch64-static", debianPackage: "qemu-user-static" },
} as const satisfies Record<string, Peer>;

/** True if one is missing; says which, once for each test file that asks. */
export function isAnyMissing(...wanted: readonly Peer[]): boolean {
  const missing = wanted.filter((peer) => pathOf(peer) === undefined);
  for (const peer of missing)
    console.warn(`skipped: ${peer.program} is not installed (Debian package ${peer.debianPackage})`);
  return missing.length > 0;
}

/** The program's path, or undefined. */
export function pathOf(peer: Peer): string | undefined {
  try {
    return execFileSync("sh", ["-c", `command -v ${peer.program}`], { encoding: "utf8" }).trim() || undefined;
  } catch {
    // `command -v` exits non-zero for a program that is not there.
    return undefined;
  }
}

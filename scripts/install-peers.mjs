// Brings the real peers that tests run against (VNC server, X programs, browser): on Debian as root, only what is missing.
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { arm64Emulator, arm64Package, isArm64NodeReady, prepareArm64Node, wantsArm64Node } from "./arm64-node.mjs";
import { runQuietly } from "./run-quietly.mjs";

/** Each Debian package with what it is needed for here and the file that shows that it is there. */
const peers = [
  { name: "tigervnc-standalone-server", program: "Xtigervnc", use: "a real VNC server as the panel" },
  { name: "tigervnc-tools", program: "tigervncpasswd", use: "its password file" },
  { name: "xterm", program: "xterm", use: "a program on the panel's screen" },
  { name: "x11-apps", program: "xwd", use: "the picture that the panel's display itself gives" },
  { name: "x11-utils", program: "xev", use: "what a key is on the panel's side" },
  { name: "xfonts-base", file: "/usr/share/fonts/X11/misc/fonts.dir", use: "fonts for xterm" },
  { name: "openssh-server", program: "sshd", use: "a real SSH server as the panel" },
  { name: "openssh-client", program: "ssh", use: "a real SSH client, and its keys" },
  { name: "openssl", program: "openssl", use: "keys in PEM formats" },
  { name: "iproute2", program: "ip", use: "network namespaces for panels that die" },
  { name: "putty-tools", program: "puttygen", use: "PuTTY's keys" },
  { name: "dropbear-bin", program: "dropbear", use: "the SSH server of small devices" },
  { name: "inetutils-telnetd", program: "telnetd", use: "a real Telnet server as the panel" },
  { name: "socat", program: "socat", use: "a port for it" },
  { name: "tightvncserver", program: "Xtightvnc", use: "a VNC server of the security type Tight" },
  { name: "x11vnc", program: "x11vnc", use: "a VNC server that shows another display" },
  { name: "xvfb", program: "Xvfb", use: "that display" },
  { name: "xtightvncviewer", program: "xtightvncviewer", use: "a VNC viewer that knows Tight and Hextile" },
  { name: "tigervnc-viewer", program: "xtigervncviewer", use: "a VNC viewer that knows ZRLE, TLS and sizes" },
  { name: "xdotool", program: "xdotool", use: "a hand at these viewers" },
  { name: "inetutils-telnet", program: "inetutils-telnet", use: "a real Telnet client" },
  { name: "mbpoll", program: "mbpoll", use: "a real Modbus master" },
  { name: "mosquitto", program: "mosquitto", use: "an MQTT broker that nobody here wrote" },
  { name: "tcpdump", program: "tcpdump", use: "a reader of captures" },
  { name: "chromium", program: "chromium", use: "the browser of the console's tests" },
  { name: "libnss3-tools", program: "certutil", use: "an authority that this browser trusts" },
  { name: "qemu-user-static", program: arm64Emulator, use: "programs for arm64" },
];

/** Another installation may be running; apt waits this long for it. */
const lockWaitS = 120;

const say = (line) => console.log(`peers: ${line}`);

function isPresent({ program, file }) {
  if (file !== undefined) return existsSync(file);
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
      return false;
    }
  });
}

async function apt(...args) {
  // RUNLEVEL=1 makes invoke-rc.d start no service, and leaves nothing behind (invoke-rc.d(8)).
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  await runQuietly("apt-get", ["-o", `DPkg::Lock::Timeout=${lockWaitS}`, "-qq", ...args], { env });
}

/** Without a package the tests that need it are skipped by name; the others still run. */
async function install({ name, use }) {
  say(`installing ${name} (${use})`);
  try {
    await apt("install", "-y", "--no-install-recommends", name);
  } catch (error) {
    say(`${name} could not be installed: ${error.message}`);
  }
}

/** The same for what is no package of this system: Node for arm64, and its libraries. */
async function installArm64Node() {
  if (!isPresent({ program: arm64Emulator })) {
    say(`without ${arm64Emulator}, ${arm64Package} is of no use: its tests are skipped`);
    return;
  }
  say(`fetching ${arm64Package} and its libraries (the gateway's other architecture)`);
  try {
    await prepareArm64Node();
  } catch (error) {
    say(`${arm64Package} could not be made ready, its tests are skipped: ${error.message}`);
  }
}

function whyNot() {
  if (process.env.POSTERN_INSTALL_PEERS === "0") return "POSTERN_INSTALL_PEERS=0 leaves the system alone";
  if (!existsSync("/etc/debian_version")) return "this is not Debian";
  if (process.getuid?.() !== 0) return "only root may install them";
  return undefined;
}

const missing = peers.filter((peer) => !isPresent(peer));
const lacksArm64Node = wantsArm64Node && !isArm64NodeReady();
const reason = whyNot();
if (reason !== undefined) {
  const names = [...missing.map(({ name }) => name), ...(lacksArm64Node ? [arm64Package] : [])].join(" ");
  if (names !== "") say(`${reason}; tests are skipped for want of: ${names}`);
} else {
  // With the package lists of before, an installation may still succeed.
  if (missing.length > 0) await apt("update").catch((error) => say(error.message));
  for (const peer of missing) await install(peer);
  if (lacksArm64Node) await installArm64Node();
}

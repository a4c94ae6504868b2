// What the doctor can find: a code for each fault, what it means and what to do about it, in plain words.

/** The hops in the order in which they are walked. */
export const hopNames = [
  "config",
  "state",
  "identity",
  "clock",
  "uplink",
  "dns",
  "proxy",
  "tcp",
  "tls",
  "mqtt",
  "https",
  "websocket",
  "lan",
] as const;

export type HopName = (typeof hopNames)[number];

export interface Finding {
  readonly what: string;
  /** What a person can do about it. */
  readonly fix: string;
}

/** By code; the first word is the hop. */
export const findings = {
  "config.unreadable": {
    what: "The settings, or a file that they name, cannot be read.",
    fix: "Check the path after --config and the files' owner and mode.",
  },
  "config.syntax": {
    what: "The settings are not valid TOML.",
    fix: "Correct the line that is named: texts stand in double quotes, sections in square brackets.",
  },
  "config.invalid": {
    what: "The settings say something that cannot be used.",
    fix: "Correct what is named. docs/gateway.md lists every key.",
  },
  "state.read-only": {
    what: "The state folder is on a read-only file system.",
    fix: "A worn-out or badly unmounted card turns read-only: look into dmesg, check the card, and replace it if it fails again.",
  },
  "state.full": {
    what: "The disk that holds the state folder is full.",
    fix: "Free space: journalctl --vacuum-size=50M, apt-get clean, and look for large files.",
  },
  "state.not-permitted": {
    what: "This user may not write into the state folder.",
    fix: "Run the doctor as the gateway's user (sudo -u postern), or give that user the folder.",
  },
  "state.failed": {
    what: "Writing into the state folder fails.",
    fix: "The card may be broken: look into dmesg.",
  },
  "identity.damaged": {
    what: "The stored login to the cloud is damaged.",
    fix: "The gateway registers again by itself: the cloud may have to accept it anew.",
  },
  "identity.expired": {
    what: "This gateway's own certificate has expired.",
    fix: "If the clock is right, renew it: enrol again with a new one-time password, or put a new certificate in place.",
  },
  "identity.not-yet-valid": {
    what: "This gateway's own certificate is not valid yet.",
    fix: "Check this machine's clock (timedatectl) and the certificate's dates.",
  },
  "identity.other-device": {
    what: "This gateway's certificate is for another device, or does not belong to its key.",
    fix: "The certificate's common name must be the device's id: correct [device] id, or use the right files.",
  },
  "clock.wrong": {
    what: "This machine's clock shows a time that has passed long ago.",
    fix: "Let it reach a time server (timedatectl, /etc/systemd/timesyncd.conf): certificates are judged by this clock.",
  },
  "clock.far-ahead": {
    what: "This machine's clock is many years ahead.",
    fix: "Set it, and let it reach a time server (timedatectl): certificates are judged by this clock.",
  },
  "uplink.none": {
    what: "No network interface of this machine leads to the internet.",
    fix: "Plug in the cable, or set up Wi-Fi or the modem: one interface needs a carrier and a default route (ip route).",
  },
  "dns.name-unknown": {
    what: "The name cannot be resolved.",
    fix: "Is it spelt right? Does the name server of this network know it (resolvectl query NAME)?",
  },
  "dns.no-answer": {
    what: "The name server does not answer.",
    fix: "Name one that is reachable from this network (/etc/resolv.conf, or DHCP's), and let UDP port 53 through to it.",
  },
  "dns.wrong-answer": {
    what: "The name resolves to an address of this machine or to none at all.",
    fix: "A filter or an entry in /etc/hosts answers in place of the real name server: take the cloud's name out of it.",
  },
  "proxy.name-unknown": {
    what: "The name of the proxy cannot be resolved.",
    fix: "Correct [cloud] proxy, or use the proxy's address in place of its name.",
  },
  "proxy.refused": {
    what: "Nothing listens on the proxy's port.",
    fix: "Correct the port in [cloud] proxy, or ask whoever runs the proxy.",
  },
  "proxy.unreachable": {
    what: "The proxy does not answer.",
    fix: "Is its address right, and is it on a network that this gateway reaches?",
  },
  "proxy.tls": {
    what: "TLS with the proxy fails.",
    fix: 'Write "http://" before the proxy\'s name unless it really takes TLS; its certificate must be one that [cloud] ca knows.',
  },
  "proxy.login-refused": {
    what: "The proxy wants a login, or refuses the one it was given.",
    fix: "Set [cloud] proxy_user and proxy_password_file.",
  },
  "proxy.forbidden": {
    what: "The proxy does not let this gateway through to the cloud.",
    fix: "Ask whoever runs it to allow CONNECT to the cloud's name on the ports named here.",
  },
  "proxy.not-a-proxy": {
    what: "What answers at the proxy's address is no HTTP proxy.",
    fix: "Correct [cloud] proxy: SOCKS proxies and web servers will not do.",
  },
  "proxy.mqtt-port-forbidden": {
    what: "The proxy lets HTTPS through, but not the port of MQTT.",
    fix: 'Ask for that port too, or write [cloud] mqtt_over = "websocket" (not possible with a certificate).',
  },
  "tcp.refused": {
    what: "The cloud's machine answers, but nothing listens on that port.",
    fix: "Is the port in [cloud] right, and is the cloud running?",
  },
  "tcp.unreachable": {
    what: "There is no way to the cloud's address.",
    fix: "Is the network up, and does its router lead to the internet (ip route, ping the router)?",
  },
  "tcp.no-answer": {
    what: "The cloud's address does not answer.",
    fix: "A firewall on the way may drop the packets: ask for outbound TCP to the ports named here.",
  },
  "tcp.reset": {
    what: "The connection to the cloud is broken off while it is made.",
    fix: "A firewall may do that on purpose: ask whoever runs it.",
  },
  "tcp.mqtt-port-blocked": {
    what: "HTTPS gets through to the cloud, but the port of MQTT does not.",
    fix: 'Ask for outbound TCP to that port, or write [cloud] mqtt_over = "websocket" (not possible with a certificate).',
  },
  "tls.unknown-authority": {
    what: "The cloud's certificate is signed by an authority that this gateway does not know.",
    fix: "For a cloud of your own, name its ca.pem in [cloud] ca. Otherwise a firewall may look into TLS: have the cloud exempted from that.",
  },
  "tls.wrong-name": {
    what: "The certificate that is shown is for another name.",
    fix: "Use a name in [cloud] that the certificate bears. If it is right, a portal or firewall answers in the cloud's place.",
  },
  "tls.expired": {
    what: "The cloud's certificate has expired.",
    fix: "If this machine's clock is right (timedatectl), whoever runs the cloud must renew it.",
  },
  "tls.not-yet-valid": {
    what: "The cloud's certificate is not valid yet.",
    fix: "Check this machine's clock (timedatectl); if it is right, whoever runs the cloud must look at the certificate.",
  },
  "tls.failed": {
    what: "What answers does not speak TLS as expected.",
    fix: "Is it the right port? A firewall may let TCP through and break TLS off.",
  },
  "tls.no-answer": {
    what: "TCP stands, but nothing answers the beginning of TLS.",
    fix: "A firewall may swallow what it does not understand, or a link loses large packets: try a smaller MTU.",
  },
  "mqtt.not-mqtt": {
    what: "What answers on the port of MQTT is not MQTT.",
    fix: "Are the ports of [cloud] url and [cloud] mqtt swapped?",
  },
  "mqtt.login-refused": {
    what: "The cloud refuses this gateway's login.",
    fix: "Was the device removed in the cloud, or its password changed? Register it again (docs/install.md).",
  },
  "mqtt.bootstrap-refused": {
    what: "The cloud refuses the bootstrap account.",
    fix: "User and password of [registration] must be those that the cloud has for registering devices.",
  },
  "mqtt.certificate-refused": {
    what: "The cloud refuses this gateway's certificate.",
    fix: "The tenant must trust the authority that signed it, and know the device or register it by itself.",
  },
  "mqtt.unavailable": {
    what: "The cloud says that it takes no devices at the moment.",
    fix: "Try again later, and ask whoever runs the cloud.",
  },
  "mqtt.client-id-refused": {
    what: "The cloud does not take this client id, or not this version of MQTT.",
    fix: "Give the device a shorter id of plain letters and digits ([device] id).",
  },
  "mqtt.no-answer": {
    what: "The cloud leaves the login to MQTT unanswered, or closes without a word.",
    fix: "Is it the right port? Otherwise ask whoever runs the cloud.",
  },
  "https.not-http": {
    what: "What answers on the port of HTTPS is not HTTP.",
    fix: "Are the ports of [cloud] url and [cloud] mqtt swapped?",
  },
  "https.redirected": {
    what: "The request is sent on to another place.",
    fix: "Use the address that it names in [cloud] url; if that is a login page, a captive portal stands in the way.",
  },
  "https.not-the-cloud": {
    what: "HTTP answers, but not as this kind of cloud does.",
    fix: "Is [cloud] url the address of the tenant itself, without a path?",
  },
  "https.unavailable": {
    what: "The cloud answers that it cannot serve at the moment.",
    fix: "Try again later, and ask whoever runs the cloud.",
  },
  "https.no-answer": {
    what: "The cloud does not answer an HTTP request.",
    fix: "Ask whoever runs the cloud, or the firewall on the way.",
  },
  "websocket.refused": {
    what: "Plain requests get through, but not those that become websockets.",
    fix: "A proxy or firewall on the way must let websockets through to the cloud (the header Upgrade); tunnels need them.",
  },
  "websocket.no-answer": {
    what: "A request that becomes a websocket is left unanswered.",
    fix: "A proxy or firewall on the way must let websockets through to the cloud (the header Upgrade); tunnels need them.",
  },
  "lan.policy": {
    what: "This gateway opens no tunnel to that address.",
    fix: "Add it to [tunnels] allow, if it should.",
  },
  "lan.name-unknown": {
    what: "The panel's name cannot be resolved here.",
    fix: "Use the panel's address in the endpoint.",
  },
  "lan.refused": {
    what: "The panel answers, but nothing listens on that port.",
    fix: "Is its VNC, SSH or Telnet server switched on, and is the port right?",
  },
  "lan.unreachable": {
    what: "There is no way to the panel, or it does not answer at all.",
    fix: "Is it switched on, is its cable plugged in, and is it on a network that this gateway is attached to (ip addr)?",
  },
  "lan.other-protocol": {
    what: "Something else than expected answers on the panel's port.",
    fix: "Is it the right port? 5900 greets as VNC, 22 as SSH.",
  },
} as const satisfies Readonly<Record<string, Finding>>;

export type FindingCode = keyof typeof findings;

/** What is worth knowing although nothing is broken. */
export type NoteCode =
  | "config.warning"
  | "identity.not-registered"
  | "clock.not-synchronised"
  | "mqtt.through-websocket"
  | "mqtt.running"
  | "lan.none-named";

export interface HopResult {
  readonly hop: HopName;
  /** What was tried, such as "cloud.example:8883"; no secret. */
  readonly subject: string;
  readonly outcome: "ok" | "note" | "fail" | "skipped";
  readonly code?: FindingCode | NoteCode;
  /** The system's own words, or what was found; no secret. */
  readonly detail?: string;
}

export interface Diagnosis {
  readonly results: readonly HopResult[];
}

/** The first that fails is the one to look at: what comes behind it may only follow from it. */
export function firstFailure({ results }: Diagnosis): (HopResult & { readonly code: FindingCode }) | undefined {
  const found = results.find(({ outcome }) => outcome === "fail");
  if (found?.code === undefined || !isFinding(found.code)) return undefined;
  return { ...found, code: found.code };
}

export function isFinding(code: string): code is FindingCode {
  return Object.hasOwn(findings, code);
}

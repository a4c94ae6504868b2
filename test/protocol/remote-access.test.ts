// Names and paths of Cloud Remote Access (protocol.md 5.3 to 5.5) and what a connect request may hold.
import { describe, expect, it } from "vitest";
import {
  binarySubprotocol,
  clientPath,
  devicePath,
  parseConnectRequest,
  redactPath,
  remoteAccessFragment,
  remoteAccessProtocols,
} from "#protocol/remote-access.ts";

const connectionKey = "3f0c8a2e-1111-4222-8333-abcdefabcdef";

describe("remote access", () => {
  it("has the platform's names", () => {
    expect(remoteAccessFragment).toBe("c8y_RemoteAccessConnect");
    expect(binarySubprotocol).toBe("binary");
    expect(remoteAccessProtocols).toEqual(["VNC", "SSH", "TELNET", "PASSTHROUGH"]);
  });

  it("has the platform's paths", () => {
    expect(devicePath(connectionKey)).toBe(`/service/remoteaccess/device/${connectionKey}`);
    expect(clientPath("1001", "2")).toBe("/service/remoteaccess/client/1001/configurations/2");
    expect(devicePath("../x?y")).toBe("/service/remoteaccess/device/..%2Fx%3Fy");
  });

  it.each([
    [`/service/remoteaccess/device/${connectionKey}`, "/service/remoteaccess/device/***"],
    [`/service/remoteaccess/device/${connectionKey}?token=abc`, "/service/remoteaccess/device/***?token=***"],
    [`/SERVICE/remoteaccess/Device/${connectionKey}#x`, "/SERVICE/remoteaccess/Device/***#x"],
    [
      "/service/remoteaccess/client/1/configurations/2?a=1&token=dDE6eA==&XSRF-TOKEN=q",
      "/service/remoteaccess/client/1/configurations/2?a=1&token=***&XSRF-TOKEN=***",
    ],
    ["/inventory/managedObjects?pageSize=5", "/inventory/managedObjects?pageSize=5"],
  ])("%s is logged as %s", (path, logged) => {
    expect(redactPath(path)).toBe(logged);
  });

  it.each([
    [
      { hostname: "h", port: 1, connectionKey: "k" },
      { hostname: "h", port: 1, connectionKey: "k" },
    ],
    [
      { hostname: "h", port: "65535", connectionKey },
      { hostname: "h", port: 65535, connectionKey },
    ],
    [
      { hostname: "h".repeat(253), port: 5900, connectionKey: "k".repeat(128) },
      { hostname: "h".repeat(253), port: 5900, connectionKey: "k".repeat(128) },
    ],
  ])("takes the request %o", (parts, request) => {
    expect(parseConnectRequest(parts)).toEqual(request);
  });

  it.each([
    [{ hostname: "", port: 1, connectionKey: "k" }, "hostname"],
    [{ hostname: "h".repeat(254), port: 1, connectionKey: "k" }, "hostname"],
    [{ hostname: 7, port: 1, connectionKey: "k" }, "hostname"],
    [{ hostname: "h", port: 0, connectionKey: "k" }, "port"],
    [{ hostname: "h", port: "65536", connectionKey: "k" }, "port"],
    [{ hostname: "h", port: "0x17", connectionKey: "k" }, "port"],
    [{ hostname: "h", port: 23.5, connectionKey: "k" }, "port"],
    [{ hostname: "h", port: "", connectionKey: "k" }, "port"],
    [{ hostname: "h", port: 1, connectionKey: "" }, "connectionKey"],
    [{ hostname: "h", port: 1, connectionKey: "k".repeat(129) }, "connectionKey"],
    [{ hostname: "h", port: 1, connectionKey: "secret/../x" }, "connectionKey"],
    [{ hostname: "h", port: 1, connectionKey: undefined }, "connectionKey"],
  ])("refuses the request %o naming %s, without quoting the key", (parts, name) => {
    const attempt = () => parseConnectRequest(parts);
    expect(attempt).toThrow(expect.objectContaining({ code: "remote-access.malformed" }));
    expect(attempt).toThrow(name);
    expect(attempt).not.toThrow("secret");
  });
});

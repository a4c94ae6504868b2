// The channel that noVNC takes for a websocket.
import { describe, expect, it } from "vitest";
import { VncChannel } from "#cloud-stub/console/src/connect/vnc-channel.ts";

function watched() {
  const heard: string[] = [];
  const channel = new VncChannel({
    isExact: () => true,
    send: (bytes) => heard.push(`sent ${[...bytes].join(" ")}`),
    onAbandoned: () => heard.push("abandoned"),
  });
  channel.onopen = () => heard.push("open");
  channel.onmessage = ({ data }) => heard.push(`got ${[...new Uint8Array(data)].join(" ")}`);
  channel.onclose = ({ code, reason }) => heard.push(`closed ${code} ${reason}`);
  return { channel, heard };
}

describe("VncChannel", () => {
  it("has each property that noVNC looks for before it takes a channel", () => {
    const { channel } = watched();
    const names = [...Object.keys(channel), ...Object.getOwnPropertyNames(Object.getPrototypeOf(channel))];
    // noVNC 1.7, core/websock.js, rawChannelProps.
    const wanted = ["send", "close", "binaryType", "onerror", "onmessage", "onopen", "protocol", "readyState"];
    expect(names).toEqual(expect.arrayContaining(wanted));
  });

  it("carries bytes both ways while open", () => {
    const { channel, heard } = watched();
    channel.opened();
    channel.received(Uint8Array.of(1, 2).buffer);
    channel.send(Uint8Array.of(3));
    channel.ended(1000, "panel.closed");
    expect(heard).toEqual(["open", "got 1 2", "sent 3", "closed 1000 panel.closed"]);
  });

  it("tells that noVNC gave up, and tells noVNC once the websocket is gone", () => {
    const { channel, heard } = watched();
    channel.opened();
    channel.close();
    channel.close();
    channel.received(Uint8Array.of(1).buffer);
    channel.send(Uint8Array.of(1));
    channel.ended(1000, "");
    channel.ended(1000, "");
    expect(heard).toEqual(["open", "abandoned", "closed 1000 "]);
    expect(channel.readyState).toBe("closed");
  });
});

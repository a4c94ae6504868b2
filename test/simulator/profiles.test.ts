// The profiles of VNC panels: each as its golden transcript says, each different on the wire, each with its source.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findProfile, panelProfiles, profilePanel, vncProfiles } from "#simulator/panels/profiles/catalogue.ts";
import type { PanelProfile, VncProfile } from "#simulator/panels/profiles/profile.ts";
import { transcriptOf, transcriptPassword } from "./profiles-transcript.ts";

const folder = join(import.meta.dirname, "transcripts");
/** Set for once to write what is said now, after looking at why it changed. */
const writes = process.env["POSTERN_WRITE_TRANSCRIPTS"] === "1";

function head({ name, vendor, product, version, summary, source, unknown }: PanelProfile): string {
  const from = typeof source === "string" ? source : `none known: ${source.unknown}`;
  const lines = [
    `# ${name}: ${product} ${version}, ${vendor}`,
    `# ${summary}`,
    `# Source: ${from}`,
    ...(unknown === undefined ? [] : [`# Not known: ${unknown}`]),
    `# Milliseconds since the connection, < from the panel or > from the viewer, hex. Password: ${transcriptPassword}`,
  ];
  return `${lines.join("\n")}\n`;
}

function fileOf(profile: PanelProfile): string {
  return join(folder, `${profile.name}.txt`);
}

/** What is said, without comments and times. */
function words(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.trim().replace(/^\d+ /, ""))
    .join("\n");
}

describe("a profile of a VNC panel", () => {
  it.each(vncProfiles.map((profile) => [profile.name, profile] as const))(
    "%s says byte for byte what its transcript says",
    async (_name, profile: VncProfile) => {
      const said = head(profile) + (await transcriptOf(profile));
      if (writes) writeFileSync(fileOf(profile), said);
      expect(said).toBe(readFileSync(fileOf(profile), "utf8"));
    },
  );

  it("differs from every other one in bytes or in time", () => {
    const all = vncProfiles.map((profile) => [profile.name, readFileSync(fileOf(profile), "utf8")] as const);
    for (const [name, text] of all) {
      for (const [other, otherText] of all) {
        if (name === other) continue;
        const body = text.replaceAll(/^#.*\n/gm, "");
        expect(body === otherText.replaceAll(/^#.*\n/gm, ""), `${name} and ${other}`).toBe(false);
      }
    }
  });

  it("has its transcript, and no transcript is without its profile", () => {
    expect(readdirSync(folder).sort()).toEqual(vncProfiles.map(({ name }) => `${name}.txt`).sort());
  });

  it("tells where its facts are from, or that nothing is known", () => {
    for (const { name, source, summary } of panelProfiles) {
      const text = typeof source === "string" ? source : source.unknown;
      expect(text.length, name).toBeGreaterThan(40);
      expect(summary, name).toMatch(/\.$/);
    }
    expect(new Set(panelProfiles.map(({ name }) => name)).size).toBe(panelProfiles.length);
  });
});

describe("the transcripts of real servers", () => {
  // Measured on Xtightvnc 1.3.10 (Debian 12): everything behind the desktop's name, in one piece.
  const tightLists =
    "00000000000c0000" +
    "0000000153544456434f505952454354" +
    "00000002535444565252455f5f5f5f5f" +
    "0000000453544456434f5252455f5f5f" +
    "000000055354445648455854494c455f" +
    "00000006545244565a4c49425f5f5f5f" +
    "000000075447485454494748545f5f5f" +
    "ffffff0054474854434f4d50524c564c" +
    "ffffffe0544748544a504547514c564c" +
    "ffffff10544748545831314355525352" +
    "ffffff11544748545243484355525352" +
    "ffffff1854474854504f494e54504f53" +
    "ffffff20544748544c41535452454354";

  it("TightVNC lists what Xtightvnc was measured to list when Tight is chosen", () => {
    expect(readFileSync(fileOf(findProfile("tightvnc-1.3.9")), "utf8")).toContain(`${tightLists}\n`);
  });

  it.each([
    // Measured on Xtigervnc 1.12 and Xtightvnc 1.3.10 (Debian 12).
    ["tigervnc-1.7.0", "< 000000010000001641757468656e7469636174696f6e206661696c757265"],
    [
      "tigervnc-1.7.0",
      "< 524642203030332e3030330a000000000000001a546f6f206d616e79207365637572697479206661696c75726573",
    ],
    ["tigervnc-1.7.0", "< f8000000800000000100"],
    ["tightvnc-1.3.9", "< 020210"],
    ["tightvnc-1.3.9", "< 000000010000001541757468656e7469636174696f6e206661696c6564"],
    ["tightvnc-1.3.9", "< 000000020000002541757468656e7469636174696f6e206661696c65642c20746f6f206d616e79207472696573"],
    ["tightvnc-1.3.9", "< 0000000020546f6f206d616e792061757468656e7469636174696f6e206661696c75726573"],
  ])("%s says as the real one: %s", (name, line) => {
    const text = words(readFileSync(fileOf(findProfile(name)), "utf8")).replaceAll("\n< ", "");
    expect(text).toContain(line.slice(2));
  });
});

describe("a name that is no profile", () => {
  it("is refused with what was perhaps meant", () => {
    expect(() => profilePanel("tightvnc")).toThrow('no panel profile "tightvnc": did you mean "tightvnc-1.3.9"?');
    expect(() => profilePanel("x")).toThrow(/did you mean|known are/);
    expect(() => profilePanel("tigrvnc-1.7.0")).toThrow('did you mean "tigervnc-1.7.0"?');
    expect(() => profilePanel("nothing like it")).toThrow("known are realvnc-connect-6.0.2, ");
    expect(() => profilePanel("")).toThrow('There is no panel profile "": known are');
    expect(() => profilePanel("legacy-key-exchange")).toThrow("is a profile of SSH, not of VNC");
  });
});

// What a device says about itself (protocol.md 4.3): the cloud's parser.
import { type Position, readPosition } from "./parse-data.ts";
import { documentNames, groupsOf, malformed, optionalTime, required, wholeNumber } from "./upstream-fields.ts";

export interface InstalledSoftware {
  readonly name: string;
  readonly version: string;
  /** Empty where the template has no field for it. */
  readonly softwareType: string;
  readonly url: string;
}

/** A text that the device left out is the empty string, unless the property is optional. */
export type InventoryMessage =
  /** 100 */
  | { readonly kind: "create-device"; readonly name: string; readonly type: string }
  /** 102 */
  | {
      readonly kind: "set-service";
      readonly externalId: string;
      readonly type: string;
      readonly name: string;
      readonly status: string;
    }
  /** 104, for the service that the topic names. */
  | { readonly kind: "set-service-status"; readonly status: string }
  /** 105 */
  | { readonly kind: "get-children" }
  /** 107 */
  | { readonly kind: "remove-fragments"; readonly fragments: readonly string[] }
  /** 110 */
  | { readonly kind: "set-hardware"; readonly serialNumber: string; readonly model: string; readonly revision: string }
  /** 111 */
  | {
      readonly kind: "set-mobile";
      readonly imei: string;
      readonly iccid: string;
      readonly imsi: string;
      readonly mcc: string;
      readonly mnc: string;
      readonly lac: string;
      readonly cellId: string;
    }
  /** 112 */
  | { readonly kind: "set-position"; readonly position: Position }
  /** 113 */
  | { readonly kind: "set-configuration"; readonly text: string }
  /** 114 */
  | { readonly kind: "set-supported-operations"; readonly operations: readonly string[] }
  /** 115 */
  | { readonly kind: "set-firmware"; readonly name: string; readonly version: string; readonly url: string }
  /** 116 and 140 */
  | { readonly kind: "set-software"; readonly software: readonly InstalledSoftware[] }
  /** 141 */
  | { readonly kind: "add-software"; readonly software: readonly InstalledSoftware[] }
  /** 142 */
  | {
      readonly kind: "remove-software";
      readonly software: readonly { readonly name: string; readonly version: string }[];
    }
  /** 143 */
  | { readonly kind: "set-software-types"; readonly types: readonly string[] }
  /** 117 */
  | { readonly kind: "set-required-availability"; readonly minutes: number }
  /** 118 */
  | { readonly kind: "set-supported-logs"; readonly types: readonly string[] }
  /** 119 */
  | { readonly kind: "set-supported-configurations"; readonly types: readonly string[] }
  /** 120 */
  | {
      readonly kind: "set-installed-configuration";
      readonly type: string;
      readonly url: string;
      readonly name: string;
      readonly time?: string;
    }
  /** 121 */
  | { readonly kind: "set-device-profile"; readonly isExecuted: boolean; readonly profileId: string }
  /** 122 */
  | {
      readonly kind: "set-agent";
      readonly name: string;
      readonly version: string;
      readonly url: string;
      readonly maintainer: string;
    }
  /** 123 */
  | { readonly kind: "get-internal-id" }
  /** 125 */
  | { readonly kind: "heartbeat" }
  /** 150 */
  | { readonly kind: "set-supported-protocols"; readonly protocols: readonly string[] };

/** Undefined for another template's message. Throws ProtocolError `smartrest.malformed` naming the template and the field. */
export function parseInventoryMessage(fields: readonly string[]): InventoryMessage | undefined {
  const text = (index: number): string => fields[index] ?? "";
  switch (fields[0]) {
    case "100":
      return { kind: "create-device", name: text(1), type: text(2) };
    case "102":
      return {
        kind: "set-service",
        externalId: required(fields, 1, "service id"),
        type: required(fields, 2, "service type"),
        name: required(fields, 3, "service name"),
        status: required(fields, 4, "status"),
      };
    case "104":
      return { kind: "set-service-status", status: required(fields, 1, "status") };
    case "105":
      return { kind: "get-children" };
    case "107":
      return { kind: "remove-fragments", fragments: documentNames(fields, 1, "fragment") };
    case "110":
      return { kind: "set-hardware", serialNumber: text(1), model: text(2), revision: text(3) };
    case "111":
      return {
        kind: "set-mobile",
        imei: text(1),
        iccid: text(2),
        imsi: text(3),
        mcc: text(4),
        mnc: text(5),
        lac: text(6),
        cellId: text(7),
      };
    case "112":
      return { kind: "set-position", position: readPosition(fields) };
    case "113":
      return { kind: "set-configuration", text: text(1) };
    case "115":
      return { kind: "set-firmware", name: required(fields, 1, "name"), version: text(2), url: text(3) };
    case "121":
      return { kind: "set-device-profile", isExecuted: readTruth(fields, 1, "executed"), profileId: text(2) };
    case "122":
      return { kind: "set-agent", name: text(1), version: text(2), url: text(3), maintainer: text(4) };
    case "123":
      return { kind: "get-internal-id" };
    case "125":
      return { kind: "heartbeat" };
    default:
      return parseList(fields);
  }
}

/** The templates that tell what a device supports or has. */
function parseList(fields: readonly string[]): InventoryMessage | undefined {
  const list = (): string[] => fields.slice(1).filter((field) => field !== "");
  switch (fields[0]) {
    case "114":
      return { kind: "set-supported-operations", operations: list() };
    case "116":
      return { kind: "set-software", software: softwareOf(fields, ["version", "url"]) };
    case "117":
      return { kind: "set-required-availability", minutes: wholeNumber(fields, 1, "minutes") };
    case "118":
      return { kind: "set-supported-logs", types: list() };
    case "119":
      return { kind: "set-supported-configurations", types: list() };
    case "120":
      return {
        kind: "set-installed-configuration",
        type: required(fields, 1, "type"),
        url: fields[2] ?? "",
        name: fields[3] ?? "",
        ...optionalTime(fields, 4),
      };
    case "140":
      return { kind: "set-software", software: softwareOf(fields, ["version", "softwareType", "url"]) };
    case "141":
      return { kind: "add-software", software: softwareOf(fields, ["version", "softwareType", "url"]) };
    case "142":
      return { kind: "remove-software", software: softwareOf(fields, ["version"]) };
    case "143":
      return { kind: "set-software-types", types: list() };
    case "150":
      return { kind: "set-supported-protocols", protocols: list() };
    default:
      return undefined;
  }
}

/** Each piece of software is its name and then `rest`, in that order. */
function softwareOf(
  fields: readonly string[],
  rest: readonly ("version" | "softwareType" | "url")[],
): readonly InstalledSoftware[] {
  return groupsOf(fields, 1, 1 + rest.length).map((at) => {
    const text = (name: "version" | "softwareType" | "url"): string => {
      const index = rest.indexOf(name);
      return index < 0 ? "" : (fields[at + 1 + index] ?? "");
    };
    const name = required(fields, at, "name");
    return { name, version: text("version"), softwareType: text("softwareType"), url: text("url") };
  });
}

function readTruth(fields: readonly string[], index: number, name: string): boolean {
  const value = required(fields, index, name);
  if (value !== "true" && value !== "false") throw malformed(fields, index, name, "must be true or false");
  return value === "true";
}

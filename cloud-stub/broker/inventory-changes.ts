// What the messages of a device about itself change in its managed object (protocol.md 4.3).
import type { InstalledSoftware, InventoryMessage } from "#protocol/smartrest/parse-inventory.ts";
import type { Fragments } from "../devices/device-registry.ts";

/** Messages that do nothing but change fragments. */
export type InventoryChange = Exclude<
  InventoryMessage,
  {
    kind:
      | "create-device"
      | "set-service-status"
      | "get-children"
      | "set-required-availability"
      | "get-internal-id"
      | "heartbeat";
  }
>;

/** Fragments that make the object a device: no message takes them off. */
const lasting = new Set(["c8y_IsDevice", "com_cumulocity_model_Agent"]);

/** Fragment of ours with the services of a device, by their external id; the platform makes objects of them. */
export const servicesFragment = "postern_Services";

/** The fragments to be replaced; null takes one off. `before`: those that are there. */
export function fragmentsOf(message: InventoryChange, before: Fragments): Fragments {
  switch (message.kind) {
    case "set-service": {
      const { kind: _, externalId, ...service } = message;
      return { [servicesFragment]: { ...objectOf(before[servicesFragment]), [externalId]: service } };
    }
    case "remove-fragments":
      return Object.fromEntries(message.fragments.filter((name) => !lasting.has(name)).map((name) => [name, null]));
    case "set-hardware": {
      const { serialNumber, model, revision } = message;
      return { c8y_Hardware: { serialNumber, model, revision } };
    }
    case "set-mobile": {
      const { kind: _, ...mobile } = message;
      return { c8y_Mobile: mobile };
    }
    case "set-position":
      return { c8y_Position: message.position };
    case "set-agent": {
      const { name, version, url, maintainer } = message;
      return { c8y_Agent: { name, version, url, maintainer } };
    }
    case "set-firmware": {
      const { name, version, url } = message;
      return { c8y_Firmware: { name, version, url } };
    }
    case "set-software":
    case "add-software":
    case "remove-software":
      return { c8y_SoftwareList: softwareAfter(message, before) };
    default:
      return listedOf(message);
  }
}

type Listed = Exclude<
  InventoryChange,
  {
    kind:
      | "set-service"
      | "remove-fragments"
      | "set-hardware"
      | "set-mobile"
      | "set-position"
      | "set-agent"
      | "set-firmware"
      | "set-software"
      | "add-software"
      | "remove-software";
  }
>;

function listedOf(message: Listed): Fragments {
  switch (message.kind) {
    case "set-configuration":
      return { c8y_Configuration: { config: message.text } };
    case "set-supported-operations":
      return { c8y_SupportedOperations: message.operations };
    case "set-supported-logs":
      return { c8y_SupportedLogs: message.types };
    case "set-supported-configurations":
      return { c8y_SupportedConfigurations: message.types };
    case "set-software-types":
      return { c8y_SupportedSoftwareTypes: message.types.length === 0 ? null : message.types };
    case "set-supported-protocols":
      // An empty list takes the fragment away (protocol.md 4.3).
      return { c8y_RemoteAccessSupportedProtocols: message.protocols.length === 0 ? null : message.protocols };
    case "set-installed-configuration": {
      const { kind: _, ...configuration } = message;
      // A type is often a path, which is no name of a fragment.
      return { [`c8y_Configuration_${message.type.replace(/[^A-Za-z0-9_.:-]/g, "_").slice(0, 100)}`]: configuration };
    }
    case "set-device-profile":
      return { c8y_Profile: { profileId: message.profileId, profileExecuted: message.isExecuted } };
    default:
      return message satisfies never;
  }
}

function softwareAfter(
  message: Extract<InventoryChange, { kind: "set-software" | "add-software" | "remove-software" }>,
  before: Fragments,
): readonly unknown[] {
  if (message.kind === "set-software") return message.software.map(document);
  const list = before["c8y_SoftwareList"];
  const present = (Array.isArray(list) ? list : []) as readonly { name?: unknown; version?: unknown }[];
  if (message.kind === "remove-software") {
    return present.filter(
      (one) => !message.software.some(({ name, version }) => name === one.name && version === one.version),
    );
  }
  const isReplaced = (one: { name?: unknown }) => message.software.some(({ name }) => name === one.name);
  return [...present.filter((one) => !isReplaced(one)), ...message.software.map(document)];
}

function document({ name, version, softwareType, url }: InstalledSoftware): Record<string, string> {
  return { name, version, url, ...(softwareType === "" ? {} : { softwareType }) };
}

function objectOf(value: unknown): Fragments {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fragments) : {};
}

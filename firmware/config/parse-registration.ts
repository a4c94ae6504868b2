// The section [registration]: its keys belong to one method each.
import type { ConfigFile } from "./config-file.ts";
import type { BootstrapRegistration, EnrolmentRegistration, MqttOver, Registration } from "./gateway-config.ts";
import { sections, type ValuesOf } from "./schema.ts";

/** What the file says of it; secrets that stand in files of their own are missing. */
export type ParsedRegistration =
  | (Omit<BootstrapRegistration, "password"> & { readonly password?: string })
  | { readonly method: "certificate" }
  | (Omit<EnrolmentRegistration, "oneTimePassword"> & { readonly oneTimePassword?: string });

type Values = ValuesOf<typeof sections.registration>;
type Method = Registration["method"];

const keysOfMethod: Readonly<Record<Method, readonly (keyof Values)[]>> = {
  bootstrap: ["user", "password", "password_file", "security_token", "security_token_file"],
  certificate: ["certificate", "key"],
  enrolment: ["one_time_password", "one_time_password_file", "key_algorithm"],
};

/** Reports keys of another method, keys that are missing, and pairs of which one must go. */
export function parseRegistration(file: ConfigFile, values: Values, mqttOver: MqttOver): ParsedRegistration {
  const { method } = values;
  if (!file.isWrong("registration", "method")) {
    checkForeignKeys(file, method);
    checkMissingKeys(file, method);
    if (method !== "bootstrap" && mqttOver === "websocket") {
      file.report(
        ["cloud", "mqtt_over"],
        `"websocket" is for gateways with a password: with method = "${method}" MQTT goes over TLS`,
      );
    }
  }
  for (const key of ["password", "security_token", "one_time_password"]) file.reportBoth("registration", key);
  return registrationOf(values);
}

function checkForeignKeys(file: ConfigFile, method: Method): void {
  for (const [other, keys] of Object.entries(keysOfMethod)) {
    if (other === method) continue;
    for (const key of keys.filter((each) => file.has("registration", each))) {
      const isSaid = file.has("registration", "method");
      const found = isSaid ? `method is "${method}"` : `without method it is "${method}"`;
      file.report(["registration", key], `belongs to method = "${other}", but ${found}`);
    }
  }
}

function checkMissingKeys(file: ConfigFile, method: Method): void {
  const has = (key: keyof Values): boolean => file.has("registration", key);
  const missing = (key: keyof Values, what: string): void => file.report(["registration", key], `is missing: ${what}`);
  switch (method) {
    case "bootstrap":
      if (!has("password") && !has("password_file")) {
        missing("password", "the bootstrap password, here or in a file named by password_file");
      }
      return;
    case "certificate":
      for (const key of ["certificate", "key"] as const) {
        if (!has(key)) missing(key, sections.registration.keys[key].meaning);
      }
      return;
    case "enrolment":
      if (!has("one_time_password") && !has("one_time_password_file")) {
        missing(
          "one_time_password",
          "the password for the first certificate, in a file named by one_time_password_file",
        );
      }
      return;
    default:
      method satisfies never;
  }
}

function registrationOf(values: Values): ParsedRegistration {
  const { method, user, password, security_token: securityToken, one_time_password: oneTimePassword } = values;
  switch (method) {
    case "bootstrap":
      return {
        method,
        user,
        ...(password === undefined ? {} : { password }),
        ...(securityToken === undefined ? {} : { securityToken }),
      };
    case "certificate":
      return { method };
    case "enrolment":
      return {
        method,
        keyAlgorithm: values.key_algorithm,
        ...(oneTimePassword === undefined ? {} : { oneTimePassword }),
      };
    default:
      return method satisfies never;
  }
}

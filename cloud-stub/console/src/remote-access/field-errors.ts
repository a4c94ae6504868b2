// Puts the cloud's words on what is wrong with an endpoint at the fields they are about.

export type EndpointField = "name" | "protocol" | "hostname" | "port" | "credentialsType" | "password";

export interface SaveErrors {
  readonly fields: Readonly<Partial<Record<EndpointField, string>>>;
  /** What is about no field of the form. */
  readonly general?: string;
}

/** The fields by the names the cloud uses, with the labels of the form. */
const labels: Readonly<Record<EndpointField, string>> = {
  name: "Name",
  protocol: "Protocol",
  hostname: "IP address",
  port: "Port",
  credentialsType: "Sign-in",
  password: "Password",
};

/** The cloud joins its complaints by "; ", each beginning with the field's name and what it "must". */
const complaintStart = /; (?=[a-zA-Z]+ (?:must|\S+ is not supported) )/;

export function readSaveErrors(message: string): SaveErrors {
  const fields: Partial<Record<EndpointField, string>> = {};
  const general: string[] = [];
  for (const complaint of message.replace(/\.$/, "").split(complaintStart)) {
    const name = complaint.split(/[ :]/, 1)[0] ?? "";
    if (isField(name)) fields[name] ??= `${labels[name]}${complaint.slice(name.length)}.`;
    else general.push(`${complaint}.`);
  }
  return general.length === 0 ? { fields } : { fields, general: general.join(" ") };
}

function isField(name: string): name is EndpointField {
  return Object.hasOwn(labels, name);
}

// Puts the cloud's words on what is wrong with an endpoint at the fields they are about.

/** The fields by the names the cloud uses, with the labels of the form. */
const labels = {
  name: "Name",
  protocol: "Protocol",
  hostname: "IP address",
  port: "Port",
  credentialsType: "Sign-in",
  username: "User",
  password: "Password",
  privateKey: "Private key",
  publicKey: "Public key",
  passphrase: "Passphrase",
  certificate: "Certificate",
  hostKey: "Host key",
} as const satisfies Readonly<Record<string, string>>;

export type EndpointField = keyof typeof labels;

export interface SaveErrors {
  readonly fields: Readonly<Partial<Record<EndpointField, string>>>;
  /** What is about no field of the form. */
  readonly general?: string;
}

/** The cloud joins its complaints by "; ", each beginning with the field's name and what is wrong with it. */
const complaintStart =
  /; (?=[a-zA-Z]+ (?:must|cannot be used|is needed or wrong|does not belong|is a host's|\S+ is not supported|\S+ must be true) ?)/;

/** The form says by itself which way to sign in a field belongs to. */
const signInName = / in (?:PASS_ONLY|USER_PASS|KEY_PAIR|CERTIFICATE) credentials/;

export function readSaveErrors(message: string): SaveErrors {
  const fields: Partial<Record<EndpointField, string>> = {};
  const general: string[] = [];
  for (const complaint of message.replace(/\.$/, "").split(complaintStart)) {
    const name = complaint.split(/[ :]/, 1)[0] ?? "";
    if (isField(name)) fields[name] ??= `${labels[name]}${complaint.slice(name.length).replace(signInName, "")}.`;
    else general.push(`${complaint}.`);
  }
  return general.length === 0 ? { fields } : { fields, general: general.join(" ") };
}

export function withoutFields(errors: SaveErrors, fields: readonly EndpointField[]): SaveErrors {
  const left = Object.entries(errors.fields).filter(([field]) => !fields.some((one) => one === field));
  return { ...errors, fields: Object.fromEntries(left) };
}

/**
 * What to show once the cloud has judged what stands in the form now. What a person was told already stays for as long as
 * it is wrong; anything else is said only of a field that `isDone`: nobody wants to read what they are about to fill in.
 */
export function errorsWhileTyping(
  shown: SaveErrors,
  judged: SaveErrors,
  isDone: (field: EndpointField) => boolean,
): SaveErrors {
  const fields: Partial<Record<EndpointField, string>> = {};
  for (const [field, text] of Object.entries(judged.fields)) {
    if (isField(field) && (shown.fields[field] !== undefined || isDone(field))) fields[field] = text;
  }
  // The cloud was asked without it.
  const { passphrase } = shown.fields;
  delete fields.passphrase;
  if (passphrase !== undefined) fields.passphrase = passphrase;
  return shown.general === undefined || judged.general === undefined ? { fields } : { fields, general: judged.general };
}

function isField(name: string): name is EndpointField {
  return Object.hasOwn(labels, name);
}

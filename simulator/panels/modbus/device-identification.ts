// Read Device Identification, function 43 / 14 (MODBUS Application Protocol 1.1b3, 6.21): who made the device, and what it is.

const meiType = 0x0e;
/** Regular objects, as a stream and one by one. */
const conformityLevel = 0x82;
const basicMax = 2;
const regularMax = 6;
const codes = { basic: 1, regular: 2, extended: 3, one: 4 } as const;
/** Of a PDU, without the seven bytes before the objects. */
const objectsBytesMax = 253 - 7;

/** Texts of 1 to 200 characters of ASCII. */
export interface DeviceIdentification {
  readonly vendor: string;
  readonly productCode: string;
  readonly revision: string;
  readonly url: string;
  readonly product: string;
  readonly model: string;
  readonly application: string;
}

/** The answer's PDU, or the exception. `pdu` is the whole request. */
export function readDeviceIdentification(
  identification: DeviceIdentification,
  pdu: Uint8Array,
): Uint8Array | "illegalFunction" | "illegalAddress" | "illegalValue" {
  const [, type, code = 0, wanted = 0] = pdu;
  if (type !== meiType) return "illegalFunction";
  if (pdu.length !== 4 || code < codes.basic || code > codes.one) return "illegalValue";
  const { vendor, productCode, revision, url, product, model, application } = identification;
  const objects = [vendor, productCode, revision, url, product, model, application].map((text) =>
    Buffer.from(text, "latin1").subarray(0, 200),
  );
  if (code === codes.one) {
    const object = objects[wanted];
    return object === undefined ? "illegalAddress" : write(code, [[wanted, object]], undefined);
  }
  const last = code === codes.basic ? basicMax : regularMax;
  // One that is not there: from the beginning.
  const first = wanted <= last ? wanted : 0;
  const listed: (readonly [number, Buffer])[] = [];
  let bytes = 0;
  for (const [id, object] of objects.entries()) {
    if (id < first || id > last) continue;
    if (bytes + 2 + object.length > objectsBytesMax) return write(code, listed, id);
    listed.push([id, object]);
    bytes += 2 + object.length;
  }
  return write(code, listed, undefined);
}

/** `next`: the object with which another request goes on. */
function write(code: number, objects: readonly (readonly [number, Buffer])[], next: number | undefined): Uint8Array {
  const more = next === undefined ? 0x00 : 0xff;
  const head = Uint8Array.of(0x2b, meiType, code, conformityLevel, more, next ?? 0, objects.length);
  return Buffer.concat([head, ...objects.flatMap(([id, text]) => [Uint8Array.of(id, text.length), text])]);
}

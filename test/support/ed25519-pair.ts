// An ED25519 pair from ssh2, made anew where its generator got it wrong.
import ssh2 from "ssh2";

const { utils } = ssh2;
type Options = NonNullable<Parameters<typeof utils.generateKeyPairSync>[1]>;

/** ssh2 1.17 drops a zero byte at the beginning of the point: one pair in 256 is then one that its own reader refuses. */
export function ed25519Pair(options: Options = {}): ReturnType<typeof utils.generateKeyPairSync> {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519", options);
    if (!(utils.parseKey(pair.public) instanceof Error) && publicPoint(pair.public).length === 32) return pair;
  }
}

/** Behind the algorithm's name and its own length (RFC 8709 section 4). */
function publicPoint(line: string): Buffer {
  const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
  return blob.subarray(4 + "ssh-ed25519".length + 4);
}

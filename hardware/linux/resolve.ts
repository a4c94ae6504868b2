// Resolves names through the system's resolver, which also normalises odd spellings of literals.
import { lookup } from "node:dns";
import { isIP, SocketAddress } from "node:net";
import type { ResolveOutcome, WaitOptions } from "../ports.ts";
import { waitFor } from "./waiting.ts";

/** RFC 1035 section 2.3.4, without the final dot. */
const nameCharactersMax = 253;

/** Names are what people type: letters, digits, dots, hyphens, underscores, and colon and percent of an IPv6 literal. */
const possibleName = /^[\p{L}\p{M}\p{N}._:%-]+$/u;

export function resolveName(name: string, options: WaitOptions): Promise<ResolveOutcome> {
  // U+3002 and its like are dots by IDNA (RFC 5895), which NFKC alone leaves alone.
  const asked = name.normalize("NFKC").replaceAll("\u3002", ".");
  return waitFor<ResolveOutcome>(options, `name ${JSON.stringify(asked.slice(0, nameCharactersMax))}`, (done) => {
    const unknown = (why: string): void => done({ ok: false, reason: "name-unknown", detail: why });
    let isWanted = true;
    if (asked.length > nameCharactersMax || !possibleName.test(asked)) {
      unknown("not a host name");
    } else if (isIP(asked) !== 0) {
      done({ ok: true, addresses: [canonicalAddress(asked)] });
    } else {
      lookup(asked, { all: true, order: "verbatim" }, (error, found) => {
        if (!isWanted) return;
        if (error) unknown(`${asked}: ${error.code ?? error.message}`);
        else done({ ok: true, addresses: [...new Set(found.map(({ address }) => canonicalAddress(address)))] });
      });
    }
    return () => {
      isWanted = false;
    };
  });
}

/** RFC 5952 spelling of an IP literal; a zone such as `%eth0` stays. */
function canonicalAddress(literal: string): string {
  const [address = "", zone] = literal.split("%");
  const canonical = new SocketAddress({ address, family: isIP(address) === 6 ? "ipv6" : "ipv4" }).address;
  return zone === undefined ? canonical : `${canonical}%${zone}`;
}

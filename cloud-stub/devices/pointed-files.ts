// Which files the unfinished operations of a device point it to: those it may read, whoever put them there.
import type { Store } from "../store/store.ts";

export class PointedFiles {
  readonly #store: Store;

  constructor(deps: { readonly store: Store }) {
    this.#store = deps.store;
  }

  /** Whether a URL in one of the device's unfinished operations is the file's. */
  async has(deviceId: string, fileId: string): Promise<boolean> {
    const path = `/inventory/binaries/${fileId}`;
    const rows = await this.#store.db
      .selectFrom("operations")
      .select("fragments")
      .where("device_id", "=", deviceId)
      .where("status", "in", ["PENDING", "EXECUTING"])
      .where("fragments", "like", `%${path}%`)
      .execute();
    return rows.some(({ fragments }) => urlsIn(JSON.parse(fragments)).some((url) => pathOf(url) === path));
  }
}

function urlsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === "url" && typeof inner === "string" ? [inner] : urlsIn(inner),
  );
}

function pathOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).pathname : undefined;
}

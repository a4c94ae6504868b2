// The worlds of one server, side by side; the default one is always there.
import { ApiError, nameTaken, notFound } from "./api-error.ts";
import type { NewWorld } from "./api-types.ts";
import { ServedWorld } from "./served-world.ts";

export const worldsMax = 64;
export const defaultWorld = "default";

export class Worlds {
  readonly #seed: number;
  readonly #worlds = new Map<string, ServedWorld>();

  /** `seed`: of the default world. */
  constructor(seed: number) {
    this.#seed = seed;
    this.#worlds.set(defaultWorld, new ServedWorld(defaultWorld, seed));
  }

  all(): readonly ServedWorld[] {
    return [...this.#worlds.values()];
  }

  get(name: string): ServedWorld {
    const world = this.#worlds.get(name);
    if (world === undefined) throw notFound("world", name, [...this.#worlds.keys()]);
    return world;
  }

  add({ name, seed = 1 }: NewWorld): ServedWorld {
    if (this.#worlds.has(name)) throw nameTaken("world", name);
    if (this.#worlds.size >= worldsMax) {
      throw new ApiError(409, "limit.reached", `there are at most ${worldsMax} worlds: end some`);
    }
    const world = new ServedWorld(name, seed);
    this.#worlds.set(name, world);
    return world;
  }

  async remove(name: string): Promise<void> {
    const world = this.get(name);
    this.#worlds.delete(name);
    if (name === defaultWorld) this.#worlds.set(name, new ServedWorld(name, this.#seed));
    await world.close();
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((world) => world.close()));
    this.#worlds.clear();
  }
}

// What a route of the simulator's API is: what it takes, what it gives, and what it does.
import { namePattern, type Schema } from "./schema.ts";
import type { ServedWorld } from "./served-world.ts";
import type { Worlds } from "./worlds.ts";

/** What a request has brought, checked. */
export interface Asked {
  readonly worlds: Worlds;
  /** The world that `?world=` names; "default" without it. Throws ApiError if there is none. */
  readonly world: ServedWorld;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

export interface ApiRoute {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** As in the document: "/links/{link}". */
  readonly path: string;
  /** The operation's name in the document and in the client. */
  readonly name: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, Schema>>;
  readonly body?: Schema;
  /** The body may be left out. */
  readonly isBodyOptional?: boolean;
  /** The body is checked by what reads it, which knows more than a schema can say. */
  readonly isReadWhole?: boolean;
  readonly status: 200 | 201 | 204;
  readonly answer?: Schema;
  /** Statuses with which it may refuse, beside 400. */
  readonly refusals: readonly (404 | 409)[];
  /** It is about no world in particular. */
  readonly isOfAll?: boolean;
  readonly run: (asked: Asked) => unknown;
}

/** The world that a request is about. */
export const worldQuery: Schema = {
  type: "string",
  pattern: namePattern,
  description: `the world's name; "default" if left out`,
};

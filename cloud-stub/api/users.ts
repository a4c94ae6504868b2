// /user/currentUser: who am I and what may I do.
import type { FastifyInstance } from "fastify";
import { principalOf } from "./access.ts";
import { baseUrl } from "./paging.ts";

export function registerUserRoutes(app: FastifyInstance): void {
  app.get("/user/currentUser", { config: { access: "login" } }, async (request) => {
    const principal = principalOf(request);
    const base = baseUrl(request);
    return {
      id: principal.userName,
      userName: principal.userName,
      self: `${base}/user/currentUser`,
      firstName: principal.userName,
      lastName: "",
      email: "",
      shouldResetPassword: false,
      devicePermissions: {},
      effectiveRoles: principal.roles.map((id) => ({ id, name: id, self: `${base}/user/roles/${id}` })),
    };
  });
}

// Walks every route with every role: the table of who may do what.
import { expect, test } from "vitest";
import { isAllowed } from "#cloud-stub/api/access.ts";
import { startApp } from "#cloud-stub/api/app.ts";
import { createPrincipal, roles } from "#cloud-stub/users/principal.ts";
import { startBench } from "./cloud-bench.ts";
import { collectRoutes, routeTable as table, accessWords as words } from "./route-table.ts";

test("every route says who may use it, as the table has it", async () => {
  await using bench = await startBench();
  expect([...(await collectRoutes(bench)).keys()].join("\n")).toBe(
    table
      .split("\n")
      .map((line) => line.split(" | ")[0])
      .join("\n"),
  );
  const found = [...(await collectRoutes(bench))].map(([route, access]) => `${route} | ${words(access)}`);
  expect(found.join("\n")).toBe(table);
});

test("every route with every single role: exactly the named one, its ADMIN for a READ or CREATE, and nobody else", async () => {
  await using bench = await startBench();
  for (const [route, access] of await collectRoutes(bench)) {
    if (access === "public" || access === "self") continue;
    const wanted = words(access).replace("+device", "").split("|");
    for (const role of [...roles, "ROLE_OF_NOTHING"]) {
      const principal = createPrincipal({ kind: "user", tenantId: "t1000", userName: "u", roles: [role] });
      const isEnough = wanted.some(
        (one) => role === one || role === one.replace(/_(READ|CREATE)$/, "_ADMIN") || one === "login",
      );
      expect(isAllowed(access, principal), `${route} with ${role}`).toBe(isEnough);
    }
    const device = createPrincipal({ kind: "device", tenantId: "t1000", userName: "device_x", roles: [] });
    const mayDevice = /device$|^login$/.test(words(access));
    expect(isAllowed(access, device), `${route} as a device`).toBe(mayDevice);
    const bootstrap = createPrincipal({ kind: "bootstrap", tenantId: "management", userName: "b", roles: [...roles] });
    const mayBootstrap = wanted.some((one) => one === "bootstrap" || one === "login");
    expect(isAllowed(access, bootstrap), `${route} as bootstrap`).toBe(mayBootstrap);
  }
});

test("a route that does not say who may use it cannot be added", async () => {
  await using bench = await startBench();
  const deps = {
    ...bench,
    consoleDir: undefined,
    peerOf: () => ({ address: "", port: 0, localPort: 0, isEncrypted: false }),
  };
  await expect(startApp(deps, (app) => void app.get("/secret", async () => ""))).rejects.toThrow(
    "The route GET /secret does not say who may use it",
  );
});

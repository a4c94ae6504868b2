// The test projects: `unit` is fast and needs nothing but this package; the others start processes, servers or browsers.
import { defineConfig } from "vitest/config";

const slow = [
  "test/loopback/**",
  "test/real-peers/**",
  "test/console/**/*.browser.test.ts",
  "test/bundle.test.ts",
  "test/scenarios/endpoint-canaries.test.ts",
];

export default defineConfig({
  test: {
    reporters: ["default"],
    // One worker for each core: by itself vitest would leave one core idle.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: slow,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "system",
          include: slow.map((pattern) => (pattern.endsWith(".ts") ? pattern : `${pattern}/*.test.ts`)),
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});

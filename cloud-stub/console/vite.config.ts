// Builds the console into the checkout's dist/console: `vite build --config cloud-stub/console/vite.config.ts`.
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "/",
  plugins: [react()],
  build: {
    outDir: here("../../dist/console"),
    emptyOutDir: true,
    // noVNC awaits at the top level of a module.
    target: "esnext",
    // Data URLs in place of files would need a wider content security policy.
    assetsInlineLimit: 0,
    // The polyfill only serves browsers that the console does not support.
    modulePreload: { polyfill: false },
    // Siemens iX is one large chunk, read once and then cached.
    chunkSizeWarningLimit: 1000,
  },
});

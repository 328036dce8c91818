import { tmpdir } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

// Code that was compiled for one package need not be compiled again for the next one; workers take this variable over.
process.env["NODE_COMPILE_CACHE"] ??= join(tmpdir(), "node-compile-cache")

/**
 * One vitest set-up for every package: results as JSON too, so that the closing line can be counted.
 *
 * Node itself loads the modules, as it does for the product, and the files of a package share what they load: tests keep no state in modules, and loading
 * a thousand modules anew for each file, by way of vite, took more than half of the time.
 */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: process.env["CI"] === undefined ? ["default", "json"] : ["dot", "json"],
    outputFile: { json: ".test-results/vitest.json" },
    testTimeout: 60_000,
    isolate: false,
    experimental: { viteModuleRunner: false }
  }
})

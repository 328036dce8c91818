import { defineConfig } from "vitest/config"

/** One vitest set-up for every package: results as JSON too, so that the closing line can be counted. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: process.env["CI"] === undefined ? ["default", "json"] : ["dot", "json"],
    outputFile: { json: ".test-results/vitest.json" },
    testTimeout: 60_000
  }
})

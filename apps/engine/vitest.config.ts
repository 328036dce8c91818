import { availableParallelism } from "node:os"
import { mergeConfig } from "vitest/config"
import base from "../../vitest.base.ts"

/**
 * Live tests start whole programs and wait for them: two files at a time are quicker on any machine. More programs at once, out of
 * one file, would only wait for each other.
 */
export default mergeConfig(base, { test: { maxConcurrency: 3, maxWorkers: Math.max(2, availableParallelism() - 1) } })

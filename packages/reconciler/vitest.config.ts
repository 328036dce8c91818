import { defineConfig, mergeConfig } from "vitest/config"
import base from "../../vitest.base.ts"

// Nothing here changes anything global, so the files may share what they import: that halves the time.
export default mergeConfig(base, defineConfig({ test: { isolate: false } }))

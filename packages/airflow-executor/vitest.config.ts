import { mergeConfig } from "vitest/config"
import base from "../../vitest.base.ts"

// The tests share no state, and loading the packages anew for each file would take most of the time.
export default mergeConfig(base, { test: { isolate: false } })

import { mergeConfig } from "vitest/config"
import base from "../../vitest.base.ts"

/** Live tests start whole programs: more of them at once would only wait for each other. */
export default mergeConfig(base, { test: { maxConcurrency: 3 } })

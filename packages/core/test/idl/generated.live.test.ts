import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { describe, expect, it } from "vitest"
import { generated } from "../../scripts/generateIdl.ts"

describe("src/idl", () => {
  it.each(generated().map(([path, text]) => [basename(path), path, text] as const))(
    "%s is what scripts/generateIdl.ts makes of the published descriptors; run it after an update of them",
    (_, path, text) => {
      expect(readFileSync(path, "utf8") === text).toBe(true)
    }
  )
})

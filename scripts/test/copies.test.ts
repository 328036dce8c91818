import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

const textOf = (file: string): string => readFileSync(join(import.meta.dirname, "../..", file), "utf8")

it.each([
  ["packages/controller/src/internal/alarm.ts", "packages/webapi-runtime/src/internal/alarm.ts"]
])("%s and %s stay copies of each other", (one, other) => {
  expect(textOf(one)).toBe(textOf(other))
})

import { expect, it } from "vitest"
import { KubeTime } from "../src/index.ts"

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

it("writes whole seconds, rounded down, and the same for all of a second", () => {
  expect(KubeTime.format(at)).toBe("2026-01-02T03:04:05Z")
  expect(KubeTime.format(at - 678)).toBe(KubeTime.format(at + 321.9))
  expect(KubeTime.format(at + 322)).toBe("2026-01-02T03:04:06Z")
  expect(KubeTime.format(-1)).toBe("1969-12-31T23:59:59Z")
})

it("writes the same of a time that it has forgotten", () => {
  const texts = Array.from({ length: 600 }, (_, second) => KubeTime.format(second * 1000))
  expect(texts).toEqual(Array.from({ length: 600 }, (_, second) => new Date(second * 1000).toISOString().replace(".000Z", "Z")))
  expect(texts.map((text) => KubeTime.format(KubeTime.parse(text)))).toEqual(texts)
})

it("writes microseconds", () => {
  expect(KubeTime.formatMicro(at)).toBe("2026-01-02T03:04:05.678000Z")
  expect(KubeTime.parse(KubeTime.formatMicro(at))).toBe(at)
})

it("reads no time out of another text", () => {
  expect(KubeTime.parse("soon")).toBeNaN()
})

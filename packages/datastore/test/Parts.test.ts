import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Parts } from "../src/internal/parts.ts"

describe("Parts", () => {
  it("gives every byte once, in order, in parts of one size and a rest, also when parts are released at once", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), fc.boolean(), (size, pieces, release) => {
      const parts = new Parts(size)
      const out: Array<number> = []
      for (const piece of pieces) {
        for (const part of parts.push(piece)) {
          expect(part.length).toBe(size)
          out.push(...part)
          if (release) parts.release(part)
        }
      }
      const rest = parts.rest()
      expect(rest.length).toBeLessThan(size)
      expect([...out, ...rest]).toEqual(pieces.flatMap((piece) => [...piece]))
    }))
  })

  it("uses the buffers of released parts again", () => {
    const parts = new Parts(300_000)
    const [first] = parts.push(new Uint8Array(300_000).fill(1))
    parts.release(first!)
    const [second] = parts.push(new Uint8Array(300_000).fill(2))
    expect(second).toBe(first)
    const [third] = parts.push(new Uint8Array(300_000).fill(3))
    expect(third).not.toBe(second)
  })
})

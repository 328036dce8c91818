import { describe, expect, it } from "vitest"
import * as ObjectState from "../src/ObjectState.ts"

const state = (reason: string): ObjectState.ObjectState => ({ name: "a", uid: "1", launch: 0, since: 5, phase: "Queued", phaseVersion: 0, reason })

describe("encode", () => {
  it.each(["waits", "größer", "✓"])("is read again from its bytes, reason %s", (reason) => {
    const { bytes, version } = ObjectState.encode(state(reason))
    expect(ObjectState.decode({ bytes, version })).toMatchObject(state(reason))
  })

  it("gives the text of its bytes where every character is a byte, and leaves it to the engine elsewhere", () => {
    const { bytes, text } = ObjectState.encode(state("waits"))
    expect(text).toBe(btoa(String.fromCharCode(...bytes)))
    expect(ObjectState.encode(state("größer")).text).toBeUndefined()
  })
})

import type { PluginState } from "@fairlead/core"
import { describe, expect, it } from "vitest"
import { fromStatus, holds, textOf } from "../../src/internal/pluginState.ts"

const state = (version: number, ...bytes: ReadonlyArray<number>): PluginState => ({ version, bytes: Uint8Array.from(bytes) })
const toFields = (it: PluginState) => ({ pluginState: textOf(it), pluginStateVersion: it.version })

describe("plugin state", () => {
  it.each([["no status", undefined], ["a status without it", {}], ["an empty text", { pluginState: "" }]])("is absent for %s", (_, status) => {
    expect(fromStatus(status)).toBeUndefined()
  })
  it.each([state(1, 1, 2, 3), state(0), state(7, 255)].filter((it) => it.bytes.length > 0))("comes back as it was stored, %j", (it) => {
    expect(fromStatus(toFields(it))).toEqual(it)
    expect(holds(toFields(it), it)).toBe(true)
  })
  it("is replaced by the last one stored", () => {
    const twice = { ...toFields(state(1, 1)), ...toFields(state(2, 2)) }
    expect(fromStatus(twice)).toEqual(state(2, 2))
    expect(holds(twice, state(1, 1))).toBe(false)
  })
  it("is stored in the text that the plugin has of it", () => {
    expect(textOf({ ...state(1, 1, 2, 3), text: "AQID" })).toBe(textOf(state(1, 1, 2, 3)))
    expect(holds({ pluginState: "AQID", pluginStateVersion: 1 }, { ...state(1), text: "AQID" })).toBe(true)
  })
  it("of another version is another state", () => expect(holds(toFields(state(1, 1)), state(2, 1))).toBe(false))
  it("without a version has version 0", () => expect(fromStatus({ pluginState: "AQ==" })).toEqual(state(0, 1)))
  it("that is no base64 comes back as bytes that no plugin takes for its own, instead of none", () => {
    expect(fromStatus({ pluginState: "###", pluginStateVersion: 1 })).toEqual({ version: 1, bytes: new TextEncoder().encode("###") })
  })
})

import { describe, expect, it } from "vitest"
import { noPodTemplates, podTemplatesFromStore } from "../src/PodTemplates.ts"

const stored = (...keys: ReadonlyArray<string>) => ({
  get: (namespace: string | undefined, name: string) => keys.includes(`${namespace}/${name}`) ? { metadata: { namespace: namespace ?? "", name } } : undefined
})

describe("podTemplatesFromStore", () => {
  it.each([
    ["takes the template of the task's namespace", ["flyte/site", "platform/site"], "flyte"],
    ["takes the platform's where the task's namespace has none", ["platform/site"], "platform"],
    ["has none where neither has one", ["other/site"], undefined]
  ])("%s", (_, keys, expected) => {
    expect(podTemplatesFromStore(stored(...keys), "platform").find("flyte", "site")?.metadata.namespace).toBe(expected)
  })

  it("is ready when its cache is", () => {
    let synced = false
    const templates = podTemplatesFromStore(stored(), "platform", () => synced)
    expect(templates.ready()).toBe(false)
    synced = true
    expect(templates.ready()).toBe(true)
  })
})

it("noPodTemplates has none and waits for nothing", () => {
  expect(noPodTemplates.ready()).toBe(true)
  expect(noPodTemplates.find("flyte", "site")).toBeUndefined()
})

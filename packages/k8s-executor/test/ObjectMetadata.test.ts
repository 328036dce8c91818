import type { Pod } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { isOurs, objectName, stamp } from "../src/ObjectMetadata.ts"
import { objectRunnerDefaults } from "../src/ObjectRunnerConfig.ts"
import * as PodPlugin from "../src/PodPlugin.ts"
import { metadata } from "./support/fixtures.ts"

const named = (generatedName: string) => metadata({ taskExecutionId: { ...metadata().taskExecutionId, generatedName } })
const plugin = PodPlugin.make()

describe("objectName", () => {
  const long = `${"x".repeat(30)}-0`

  it("is the generated name for the first launch, and has the launch behind it afterwards", () => {
    expect([0, 1, 12].map((launch) => objectName(metadata(), launch, undefined))).toEqual(["run1-a0-0", "run1-a0-0r1", "run1-a0-0r12"])
  })

  it("keeps a long name without a limit", () => {
    expect(objectName(named(long), 0, undefined)).toBe(long)
  })

  it("is a hash beyond the limit, another one for every launch", () => {
    const names = [0, 1, 2].map((launch) => objectName(named(long), launch, 20))
    expect(names[0]).toMatch(/^f[a-z1-6]{7}$/)
    expect(new Set(names).size).toBe(3)
  })

  it("is a valid name whatever the generated one is", () => {
    expect(objectName(named("orgFlyte.HelloWorld-0"), 0, undefined)).toBe("org-flyte.hello-world-0")
  })
})

describe("stamp", () => {
  const config = {
    ...objectRunnerDefaults,
    defaultLabels: { a: "default", b: "default", c: "default", "flyte.org/managed": "no" },
    defaultAnnotations: { x: "default", y: "default" }
  }
  const object: Pod = { metadata: { labels: { b: "object", c: "object", "flyte.org/managed": "false" }, annotations: { y: "object" } }, spec: { containers: [] } }
  const stamped = stamp(object, "n", 3, metadata({ labels: { c: "task", "flyte.org/managed": "maybe" }, annotations: { z: "task", "flyte.org/launch": "99" } }), plugin, config)

  it("lays the task's labels over the object's and these over the defaults; the managed label cannot be changed", () => {
    expect(stamped.metadata.labels).toEqual({ a: "default", b: "object", c: "task", "flyte.org/managed": "true" })
  })

  it("does the same with annotations; the launch cannot be spoofed", () => {
    expect(stamped.metadata.annotations).toEqual({ x: "default", y: "object", z: "task", "flyte.org/launch": "3" })
  })

  it("gives kind, name, namespace and the one owner", () => {
    expect(stamped).toMatchObject({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "n", namespace: "flyte", ownerReferences: [{ kind: "TaskAction", uid: "uid-of-run1-a0", controller: true }] }
    })
    expect(stamped.metadata.ownerReferences).toHaveLength(1)
  })

  it("adds a finalizer only when configured", () => {
    expect(stamped.metadata.finalizers).toBeUndefined()
    const held = stamp({ ...object, metadata: { finalizers: ["x/y"] } }, "n", 0, metadata(), plugin, { ...config, injectFinalizer: true })
    expect(held.metadata.finalizers).toEqual(["x/y", "flyte/flytek8s"])
  })

  it("makes an object that is recognised again, by its own launch only", () => {
    expect([3, 2].map((launch) => isOurs(stamped, launch, metadata()))).toEqual([true, false])
    expect(isOurs(stamped, 3, metadata({ ownerReference: { ...metadata().ownerReference, uid: "other" } }))).toBe(false)
  })
})

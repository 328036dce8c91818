import { create } from "@bufbuild/protobuf"
import { Idl } from "@fairlead/core"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import type { BuildContext } from "../src/KubeObjectPlugin.ts"
import { rawPod } from "../src/PodSource.ts"
import { buildContext, containerTemplate, metadata, podTemplate, template } from "./support/fixtures.ts"

const read = (init: Partial<BuildContext>) => rawPod(buildContext(init), {})
const ok = (init: Partial<BuildContext>) => Result.getOrThrow(read(init))
const fault = (init: Partial<BuildContext>): string => {
  const result = read(init)
  return Result.isFailure(result) ? result.failure : "no fault"
}
const spec = { containers: [{ name: "main", image: "x" }, { name: "side", image: "y" }] }

describe("a container", () => {
  it("becomes a pod of one container named like the attempt, with its logs as last words", () => {
    const raw = ok({ template: containerTemplate({ env: [{ key: "A", value: "1" }], resources: { requests: [{ name: 1, value: "2" }] } }) })
    expect(raw).toEqual({
      spec: {
        containers: [{
          name: "run1-a0-0",
          image: "busybox",
          command: ["echo"],
          args: ["hello"],
          env: [{ name: "A", value: "1" }],
          resources: { requests: { cpu: "2" }, limits: {} },
          terminationMessagePolicy: "FallbackToLogsOnError"
        }],
        enableServiceLinks: false
      },
      labels: {},
      annotations: {},
      primaryName: "run1-a0-0"
    })
  })

  it.each(["with.dots-0", "Upper-0", `${"x".repeat(70)}-0`])("gets a fixed other name when %s is no container name", (generatedName) => {
    const own = metadata()
    const names = [1, 2].map(() => ok({ metadata: { ...own, taskExecutionId: { ...own.taskExecutionId, generatedName } } }).primaryName)
    expect(names[0]).toMatch(/^f[a-z1-6]{7}$/)
    expect(names[1]).toBe(names[0])
  })

  it("gets the configured pull policy", () => {
    expect(Result.getOrThrow(rawPod(buildContext(), { imagePullPolicy: "Never" })).spec.containers[0]?.imagePullPolicy).toBe("Never")
  })
})

describe("a pod", () => {
  it("is taken with its metadata", () => {
    const raw = ok({
      template: template({
        type: "python",
        config: { primary_container_name: "main" },
        target: { case: "k8sPod", value: { podSpec: spec, metadata: { labels: { l: "1" }, annotations: { a: "2" } } } }
      })
    })
    expect(raw).toEqual({ spec: { ...spec, enableServiceLinks: false }, labels: { l: "1" }, annotations: { a: "2" }, primaryName: "main" })
  })

  it("may name its primary container itself", () => {
    const own = template({ type: "python", target: { case: "k8sPod", value: { podSpec: spec, primaryContainerName: "side" } } })
    expect(ok({ template: own }).primaryName).toBe("side")
  })

  it("loses fields that are null", () => {
    const own = podTemplate({ containers: [{ name: "main", env: null, resources: { limits: null } }], affinity: null })
    expect(ok({ template: own }).spec).toEqual({ containers: [{ name: "main", resources: {} }], enableServiceLinks: false })
  })

  it.each([
    [{}, "the pod's spec.containers is missing"],
    [{ containers: "main" }, 'the pod\'s spec.containers is "main"; it must be a list'],
    [{ containers: [null] }, "the pod's spec.containers[0] is null; it must be a map of fields"],
    [{ containers: [{}] }, "the pod's spec.containers[0].name is missing"],
    [{ containers: [{ name: 7 }] }, "the pod's spec.containers[0].name is 7; it must be text"],
    [{ containers: [{ name: "main", args: ["a", 5] }] }, "the pod's spec.containers[0].args[1] is 5; it must be text"],
    [{ containers: [{ name: "main", env: { A: "1" } }] }, 'the pod\'s spec.containers[0].env is {"A":"1"}; it must be a list'],
    [{ containers: [{ name: "main" }], initContainers: [{ name: "i", resources: { limits: [] } }] }, "the pod's spec.initContainers[0].resources.limits is []; it must be a map of fields"],
    [{ containers: [{ name: "main" }], tolerations: {} }, "the pod's spec.tolerations is {}; it must be a list"],
    [{ containers: [{ name: "main" }], affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: "a" }] }] } } } },
      "the pod's spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator is missing"]
  ])("with spec %j is refused", (podSpec, message) => {
    expect(fault({ template: podTemplate(podSpec) })).toBe(message)
  })

  it("without a spec or a primary container is refused", () => {
    expect(fault({ template: template({ target: { case: "k8sPod", value: {} } }) })).toBe("the task's pod has no spec")
    expect(fault({ template: podTemplate(spec, { config: {} }) })).toMatch(/^config\.primary_container_name is missing/)
  })
})

describe("a sidecar task", () => {
  const sidecar = (taskTypeVersion: number, custom: object | undefined, config: Record<string, string> = {}) =>
    template({ type: "sidecar", taskTypeVersion, config, ...(custom === undefined ? {} : { custom: custom as never }) })

  it.each(["podSpec", "PodSpec"])("of version 0 has its pod in custom.%s", (key) => {
    const own = sidecar(0, { [key]: spec, primaryContainerName: "main", annotations: { a: "1" }, labels: { b: "2" } })
    expect(ok({ template: own })).toEqual({ spec: { ...spec, enableServiceLinks: false }, labels: { b: "2" }, annotations: { a: "1" }, primaryName: "main" })
  })

  it("of version 0 needs no labels", () => {
    expect(ok({ template: sidecar(0, { podSpec: spec, primaryContainerName: "main" }) }).labels).toEqual({})
  })

  it("of version 1 is its pod, and names the primary container in its config", () => {
    expect(ok({ template: sidecar(1, spec, { primary_container_name: "main" }) })).toMatchObject({ primaryName: "main", spec })
  })

  it("of version 2 has its pod as target", () => {
    expect(ok({ template: podTemplate(spec, { type: "sidecar" }) }).primaryName).toBe("main")
  })

  it.each([
    ["version 0 without custom", sidecar(0, undefined), "custom.podSpec is missing"],
    ["version 0 without primary container", sidecar(0, { podSpec: spec }), "custom.primaryContainerName is missing"],
    ["version 0 with labels that are no text", sidecar(0, { podSpec: spec, primaryContainerName: "main", labels: { a: 1 } }), "the pod's labels.a is 1; it must be text"],
    ["version 1 without config", sidecar(1, spec), "config.primary_container_name is missing: say which container's end is the end of the task"],
    ["version 1 without custom", sidecar(1, undefined, { primary_container_name: "main" }), "custom is missing; it must be the pod's spec"],
    ["version 2 without pod", sidecar(2, spec), "a sidecar task of version 2 needs a pod as its target"]
  ])("of %s is refused", (_name, own, message) => {
    expect(fault({ template: own })).toBe(message)
  })
})

it("a task of any other kind is refused", () => {
  expect(fault({ template: template() })).toBe("the task has neither a container nor a pod")
  expect(fault({ template: template({ target: { case: "sql", value: {} } }) })).toBe('the task has a target of kind "sql"; it needs a container or a pod')
})

it("an overriding pod takes the place of the task's, and their metadata unite", () => {
  const podTemplateOverride = create(Idl.K8sPodSchema, {
    podSpec: { containers: [{ name: "theirs" }] },
    primaryContainerName: "theirs",
    metadata: { labels: { l: "over", m: "2" } }
  })
  const own = template({ config: { primary_container_name: "main" }, target: { case: "k8sPod", value: { podSpec: spec, metadata: { labels: { l: "own", n: "3" } } } } })
  const raw = ok({ template: own, metadata: metadata({ overrides: { ...metadata().overrides, podTemplate: podTemplateOverride } }) })
  expect(raw).toMatchObject({ primaryName: "theirs", spec: { containers: [{ name: "theirs" }] }, labels: { l: "over", m: "2", n: "3" } })
})

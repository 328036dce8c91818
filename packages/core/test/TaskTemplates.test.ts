import { create, equals } from "@bufbuild/protobuf"
import { Result, Schema } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Copilot from "../src/Copilot.ts"
import { Resources_ResourceName, type TaskTemplate, TaskTemplateSchema } from "../src/idl/core.generated.ts"
import * as LiteralValues from "../src/LiteralValues.ts"
import { Task } from "../src/Task.ts"
import type { TaskActionSpec } from "../src/TaskAction.ts"
import { formatIssue, formatPath } from "../src/TaskInvalid.ts"
import * as TaskTemplates from "../src/TaskTemplates.ts"

const spec = (more: Partial<TaskActionSpec>): TaskActionSpec => ({ runName: "r1", project: "p", domain: "d", actionName: "sum", ...more })

const faults = (more: Partial<TaskActionSpec>): ReadonlyArray<string> =>
  TaskTemplates.fromSpec(spec(more)).pipe(Result.flip, Result.getOrThrow).issues.map(formatIssue)

const full: Task = {
  name: "sum",
  version: "v1",
  container: {
    image: "alpine",
    command: ["sh", "-c"],
    args: ["echo {{.inputs.a}}"],
    env: { A: "1", B: "" },
    resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { cpu: "1", gpu: "1", "ephemeral-storage": "2Gi", storage: "3Gi" } }
  },
  interface: { inputs: { a: { type: "integer", description: "first" }, f: { type: "blob" } }, outputs: { o: { type: "string" } } },
  retries: 3,
  timeout: "1h30m0s",
  interruptible: false,
  cache: { version: "1", serializable: true, ignoredInputs: ["f"] },
  podTemplateName: "big",
  serviceAccount: "runner",
  config: { link_type: "x" },
  custom: { nested: [1, null, { a: true }] }
}

describe("fromTask", () => {
  const template = Result.getOrThrow(TaskTemplates.fromTask(full, { project: "p", domain: "d", name: "other" }))

  it("puts every field where Flyte's plugins look for it", () => {
    expect(template).toMatchObject({
      id: { resourceType: 1, project: "p", domain: "d", name: "sum", version: "v1" },
      type: "container",
      metadata: {
        discoverable: true,
        discoveryVersion: "1",
        cacheSerializable: true,
        cacheIgnoreInputVars: ["f"],
        retries: { retries: 3 },
        timeout: { seconds: 5400n, nanos: 0 },
        interruptibleValue: { case: "interruptible", value: false },
        podTemplateName: "big"
      },
      securityContext: { runAs: { k8sServiceAccount: "runner" } },
      config: { link_type: "x" },
      custom: { nested: [1, null, { a: true }] }
    })
    expect(template.target.value).toMatchObject({
      image: "alpine",
      command: ["sh", "-c"],
      args: ["echo {{.inputs.a}}"],
      env: [{ key: "A", value: "1" }, { key: "B", value: "" }],
      resources: {
        requests: [{ name: Resources_ResourceName.CPU, value: "500m" }, { name: Resources_ResourceName.MEMORY, value: "1Gi" }],
        limits: [
          { name: Resources_ResourceName.CPU, value: "1" },
          { name: Resources_ResourceName.GPU, value: "1" },
          { name: Resources_ResourceName.EPHEMERAL_STORAGE, value: "2Gi" },
          { name: Resources_ResourceName.STORAGE, value: "3Gi" }
        ]
      }
    })
    expect(template.interface?.inputs?.variables.map(({ key }) => key)).toEqual(["a", "f"])
  })

  it("switches files on exactly when there are inputs or outputs, unless told otherwise", () => {
    const container = { image: "alpine" }
    const planOf = (task: Task) => Copilot.plan(Result.getOrThrow(TaskTemplates.fromTask(task, { project: "p", domain: "d", name: "n" })))
    expect(planOf({ container })).toBeUndefined()
    expect(planOf({ container, interface: { inputs: {} } })).toBeUndefined()
    expect(planOf({ container, interface: { inputs: { a: { type: "string" } } } })).toMatchObject({ inputPath: "/var/flyte/inputs", outputPath: undefined })
    expect(planOf({ container, interface: { outputs: { a: { type: "string" } } }, dataConfig: { outputPath: "/out" } })).toMatchObject({ inputPath: undefined, outputPath: "/out" })
    expect(planOf({ container, interface: { inputs: { a: { type: "string" } } }, dataConfig: { enabled: false } })).toBeUndefined()
  })

  it("names the action's name and type where the task names none", () => {
    const plain = Result.getOrThrow(TaskTemplates.fromTask({ container: { image: "alpine" } }, { project: "p", domain: "d", name: "a0" }))
    expect(plain).toMatchObject({ id: { name: "a0", version: "" }, type: "container" })
  })

  it("takes a whole pod as Flyte's sidecar task with its primary container in the config", () => {
    const pod = { primaryContainerName: "main", labels: { a: "b" }, spec: { containers: [{ name: "main", image: "alpine" }] } }
    const template = Result.getOrThrow(TaskTemplates.fromTask({ pod, config: { x: "y" } }, { project: "p", domain: "d", name: "n" }))
    expect(template).toMatchObject({ type: "sidecar", taskTypeVersion: 2, config: { x: "y", primary_container_name: "main" } })
    expect(template.target).toMatchObject({ case: "k8sPod", value: { primaryContainerName: "main", podSpec: pod.spec, metadata: { labels: { a: "b" } } } })
  })
})

describe("fromSpec", () => {
  it("prefers the wire form", () => {
    const wire = create(TaskTemplateSchema, { type: "spark", target: { case: "container", value: { image: "wire" } } })
    const read = Result.getOrThrow(TaskTemplates.fromSpec(spec({ taskTemplate: TaskTemplates.encodeBase64(wire), task: full })))
    expect(equals(TaskTemplateSchema, read, wire)).toBe(true)
    expect(TaskTemplates.taskType(spec({}), read)).toBe("spark")
    expect(TaskTemplates.taskType(spec({ taskType: "ray" }), read)).toBe("ray")
  })

  it("takes the readable form with the type of the spec", () => {
    const read = Result.getOrThrow(TaskTemplates.fromSpec(spec({ taskType: "raw-container", task: { container: { image: "alpine" } } })))
    expect(read).toMatchObject({ type: "raw-container", id: { project: "p", domain: "d", name: "sum" } })
    expect(Result.getOrThrow(TaskTemplates.fromSpec(spec({ taskType: "", taskTemplate: "", task: { type: "python", container: { image: "alpine" } } }))).type).toBe("python")
  })

  it.each<[string, Partial<TaskActionSpec>, string]>([
    ["no task at all", {}, "spec.task: missing; describe the task here, or give a core.TaskTemplate in base64 as spec.taskTemplate"],
    ["text that is not base64", { taskTemplate: "not base64!" }, "spec.taskTemplate: 11 bytes are no core.TaskTemplate: the text is not base64; encode a core.TaskTemplate in base64"],
    ["bytes that are no message", { taskTemplate: "/////w==" }, "spec.taskTemplate: 4 bytes are no core.TaskTemplate: "],
    ["two types", { taskType: "a", task: { type: "b", container: { image: "x" } } }, 'spec.task.type: "b" contradicts spec.taskType "a"; leave one of them out'],
    ["neither container nor pod", { task: {} }, "spec.task.container: missing; give an image and a command, or describe a whole pod as pod"],
    ["both container and pod", { task: { container: { image: "x" }, pod: { primaryContainerName: "a", spec: { containers: [{ name: "a" }] } } } }, "spec.task.pod: there is a container, too; describe either one container or a whole pod"],
    ["a pod without containers", { task: { pod: { primaryContainerName: "a", spec: {} } } }, "spec.task.pod.spec.containers: expected a list of containers, got nothing"],
    ["a primary container that is not there", { task: { pod: { primaryContainerName: "a", spec: { containers: [{ name: "b" }, {}] } } } }, 'spec.task.pod.primaryContainerName: no container is named "a"; the pod has "b", nothing'],
    ["an unknown resource", { task: { container: { image: "x", resources: { limits: { "nvidia.com/gpu": "1" } } } } }, 'spec.task.container.resources.limits["nvidia.com/gpu"]: no such resource; a container can ask for cpu, memory, gpu, ephemeral-storage, storage, other resources need a pod'],
    ["a bad quantity", { task: { container: { image: "x", resources: { requests: { cpu: "1 core" } } } } }, 'spec.task.container.resources.requests.cpu: "1 core" is no quantity; write it as 2, 500m or 1Gi'],
    ["a bad variable", { task: { container: { image: "x", env: { "A=B": "1" } } } }, 'spec.task.container.env["A=B"]: a variable\'s name is not empty and has no ='],
    ["a reserved output", { task: { container: { image: "x" }, interface: { outputs: { _ERROR: { type: "string" } } } } }, "spec.task.interface.outputs._ERROR: the folder of outputs has a file of this name already; choose another"],
    ["an unknown ignored input", { task: { container: { image: "x" }, cache: { version: "1", ignoredInputs: ["b"] } } }, 'spec.task.cache.ignoredInputs[0]: no such input: "b"; the interface declares none']
  ])("tells what to do about %s", (_, more, expected) => {
    expect(faults(more)).toEqual([expect.stringContaining(expected)])
  })

  it("lists every fault of a task", () => {
    expect(faults({
      task: {
        container: { image: "x", env: { "": "1" }, resources: { requests: { cpu: "?", tpu: "1" } } },
        interface: { inputs: { "inputs.pb": { type: "string" } } }
      }
    })).toHaveLength(4)
  })

  it("needs no container for task types of other plugins", () => {
    expect(Result.isSuccess(TaskTemplates.fromSpec(spec({ task: { type: "bigquery", custom: { query: "select 1" } } })))).toBe(true)
  })
})

describe("inputs", () => {
  const task: Task = { container: { image: "x" }, interface: { inputs: { a: { type: "integer" }, b: { type: "string" } } } }
  const read = (more: Partial<TaskActionSpec>) => {
    const whole = spec({ task, ...more })
    return TaskTemplates.inputs(whole, Result.getOrThrow(TaskTemplates.fromSpec(whole)))
  }

  it("reads the values by the declared types", () => {
    const map = Result.getOrThrow(read({ task: { ...task, inputs: { a: 1, b: "x" } } }))
    expect(LiteralValues.mapToValue(map!)).toEqual({ a: 1, b: "x" })
  })

  it("leaves an action with an inputUri alone", () => {
    expect(Result.getOrThrow(read({ inputUri: "s3://b/in" }))).toBeUndefined()
  })

  it("tells missing, superfluous and wrong values together", () => {
    const error = Result.getOrThrow(Result.flip(read({ task: { ...task, inputs: { a: "one", c: 1 } } })))
    expect(error.message).toBe(
      'spec.task.inputs.a: expected an integer, got "one"; ' +
        "spec.task.inputs.b: missing; the interface declares this input as string, so give it a value; " +
        "spec.task.inputs.c: no such input; the interface declares a, b"
    )
  })
})

describe("toTask", () => {
  it("gives back the readable task", () => {
    const template = Result.getOrThrow(TaskTemplates.fromTask(full, { project: "p", domain: "d", name: "n" }))
    expect(Result.getOrThrow(TaskTemplates.toTask(template))).toEqual(full)
  })

  it.each<[string, (template: TaskTemplate) => void, string]>([
    ["a secret", (it) => { it.securityContext!.secrets = [{ $typeName: "flyteidl2.core.Secret", group: "g", groupVersion: "", key: "k", mountRequirement: 0, envVar: "" }] }, "securityContext.secrets"],
    ["a port", (it) => { (it.target.value as { ports: Array<object> }).ports.push({ $typeName: "flyteidl2.core.ContainerPort", containerPort: 80, name: "" }) }, "container.ports"],
    ["a field from the future", (it) => { it.$unknown = [{ no: 999, wireType: 0, data: Uint8Array.of(1) }] }, "the template has fields that this version does not know"]
  ])("refuses to lose %s", (_, change, expected) => {
    const template = Result.getOrThrow(TaskTemplates.fromTask(full, { project: "p", domain: "d", name: "n" }))
    change(template)
    const error = Result.getOrThrow(Result.flip(TaskTemplates.toTask(template)))
    expect(error.message).toContain(expected)
  })

  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/)
  const texts = fc.dictionary(name, fc.string(), { maxKeys: 3 })
  const optional = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: undefined })
  const present = <A extends object>(value: A): A => Object.fromEntries(Object.entries(value).filter(([, it]) => it !== undefined)) as A
  const variables = fc.dictionary(name, fc.record({ type: fc.constantFrom("integer", "float", "string", "boolean", "datetime", "duration", "struct", "blob") }), { maxKeys: 3 })
  const quantities = fc.dictionary(fc.constantFrom("cpu", "memory", "gpu"), fc.constantFrom("1", "500m", "2Gi"), { minKeys: 1, maxKeys: 3 })
  const task = fc.record({
    type: optional(fc.constantFrom("raw-container", "sidecar")),
    name: optional(name),
    version: optional(fc.string({ minLength: 1 })),
    interface: optional(fc.record({ inputs: variables, outputs: variables })),
    retries: optional(fc.integer({ min: 0, max: 1000 })),
    timeout: optional(fc.integer({ min: 0, max: 10_000 }).map(String)),
    interruptible: optional(fc.boolean()),
    dataConfig: optional(fc.record({ enabled: fc.boolean(), format: fc.constantFrom("json", "yaml", "proto"), layout: fc.constantFrom("direct", "named") })),
    podTemplateName: optional(name),
    serviceAccount: optional(name),
    config: optional(texts),
    custom: optional(fc.dictionary(name, fc.jsonValue({ maxDepth: 1 }).filter((it) => JSON.stringify(it) !== undefined), { maxKeys: 2 }))
  }).map(present)
  const target = fc.oneof(
    fc.record({ image: name, command: optional(fc.array(fc.string(), { minLength: 1, maxLength: 2 })), env: optional(texts), resources: optional(fc.record({ requests: quantities })) })
      .map((container) => ({ container: present(container) })),
    fc.record({ labels: optional(texts), spec: fc.constant({ containers: [{ name: "main", image: "x" }] }) })
      .map((pod) => ({ pod: present({ primaryContainerName: "main", ...pod }) }))
  )
  const owner = { project: "p", domain: "d", name: "fallback" }

  it("loses nothing of any readable task", () => {
    fc.assert(fc.property(task, target, (rest, what) => {
      const input = Schema.decodeUnknownSync(Task)({ ...rest, ...what })
      const template = Result.getOrThrow(TaskTemplates.fromTask(input, owner))
      const again = Result.getOrThrow(TaskTemplates.fromTask(Result.getOrThrow(TaskTemplates.toTask(template)), owner))
      expect(equals(TaskTemplateSchema, again, template)).toBe(true)
      expect(Result.getOrThrow(TaskTemplates.decodeBase64(TaskTemplates.encodeBase64(template)))).toEqual(template)
    }))
  })
})

describe("formatPath", () => {
  it("writes keys with dots and anything else in brackets", () => {
    expect(formatPath(["spec", "args", 0, "a.b", "c-d"])).toBe('spec.args[0]["a.b"].c-d')
  })
})

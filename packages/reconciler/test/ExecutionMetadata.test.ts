import { create } from "@bufbuild/protobuf"
import { Idl, type TaskAction } from "@fairlead/core"
import { describe, expect, it } from "vitest"
import { ExecutionMetadata, makeConfig } from "../src/index.ts"
import { toTextFormat } from "../src/internal/secretReferences.ts"

const action = (spec: Partial<TaskAction.TaskActionSpec> = {}, metadata: Partial<TaskAction.TaskActionMeta> = {}): TaskAction.TaskAction => ({
  metadata: { name: "r1-a0", namespace: "ns", uid: "u-1", ...metadata },
  spec: { runName: "r1", project: "proj", domain: "dev", actionName: "a0", ...spec } as TaskAction.TaskActionSpec
})
type Init = Parameters<typeof create<typeof Idl.TaskTemplateSchema>>[1]
const template = (init: Init = {}): Idl.TaskTemplate => create(Idl.TaskTemplateSchema, init)
const make = (
  over: { readonly spec?: Partial<TaskAction.TaskActionSpec>; readonly metadata?: Partial<TaskAction.TaskActionMeta>; readonly template?: Init; readonly config?: Parameters<typeof makeConfig>[0]; readonly attempt?: number; readonly launch?: number } = {}
) => ExecutionMetadata.make(action(over.spec, over.metadata), template(over.template), makeConfig(over.config), { attempt: over.attempt ?? 1, launch: over.launch ?? 0 })

describe("identity", () => {
  it("the owner is the action", () => {
    const metadata = make()
    expect(metadata.ownerId).toEqual({ namespace: "ns", name: "r1-a0" })
    expect(metadata.namespace).toBe("ns")
    expect(metadata.ownerReference).toEqual({ apiVersion: "flyte.org/v1", kind: "TaskAction", name: "r1-a0", uid: "u-1", controller: true, blockOwnerDeletion: false })
  })

  it("the node's id is the same for every attempt", () => {
    expect([1, 2, 3].map((attempt) => make({ attempt }).taskExecutionId.uniqueNodeId)).toEqual(["a0", "a0", "a0"])
  })

  it("the generated name ends with the number of failed attempts", () => {
    expect(make().taskExecutionId.generatedName).toBe("r1-a0-0")
    expect(make({ attempt: 3 }).taskExecutionId).toMatchObject({ generatedName: "r1-a0-2" })
  })

  it("the generated name is kept when it fits, hashed when it does not, and an error when not even a hash fits", () => {
    const { generatedNameWith } = make().taskExecutionId
    expect(generatedNameWith(0, 20)).toBe("r1-a0-0")
    const long = make({ metadata: { name: "a".repeat(40) } }).taskExecutionId
    expect(long.generatedNameWith(0, 20)).toMatch(/^f[a-z1-6]{7}$/)
    expect(() => long.generatedNameWith(0, 5)).toThrow(/allow at least 8/)
  })

  it("the id names project, domain, run, action, task and retry", () => {
    const { id } = make({ attempt: 2, template: { id: { project: "p", domain: "d", name: "t", version: "v" } } }).taskExecutionId
    expect(id).toMatchObject({
      retryAttempt: 1,
      taskId: { project: "p", domain: "d", name: "t", version: "v" },
      nodeExecutionId: { nodeId: "a0", executionId: { project: "proj", domain: "dev", name: "r1" } }
    })
  })
})

describe("labels and annotations", () => {
  it("name the run, the action, the attempt and the task, and that the object is managed", () => {
    expect(make({ attempt: 3, template: { id: { name: "my task!" } } }).labels).toEqual({
      organization: "flyte", project: "proj", domain: "dev", run: "r1", action: "a0", attempt: "3", "task-name": "my-taskx", "flyte.org/managed": "true"
    })
  })

  it("of the action pass on, but cannot pose as ours", () => {
    const { labels } = make({ metadata: { labels: { team: "x", run: "other", "flyte.org/managed": "false" } } })
    expect(labels).toMatchObject({ team: "x", run: "r1", "flyte.org/managed": "true" })
  })

  it("that say something of the action alone do not pass on", () => {
    const { labels, annotations } = make({ metadata: {
      labels: { "flyte.org/termination-status": "terminated", "flyte.org/completed-time": "x", "flyte.org/terminal-status-recorded": "true" },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", note: "y" }
    } })
    expect(Object.keys(labels).filter((it) => it.startsWith("flyte.org/term") || it.startsWith("flyte.org/comp"))).toEqual([])
    expect(annotations).toEqual({ note: "y" })
  })

  it("are cut to 63 characters and empty ones are left out", () => {
    const { labels } = make({ spec: { actionName: "" }, template: { id: { name: "n".repeat(100) } } })
    expect(labels["task-name"]).toHaveLength(63)
    expect(labels).not.toHaveProperty("action")
  })

  it("carry secrets by reference", () => {
    const { labels, annotations } = make({ template: { securityContext: { secrets: [{ group: "g", key: "k", mountRequirement: Idl.Secret_MountType.FILE }, { key: "b" }] } } })
    expect(labels["inject-flyte-secrets"]).toBe("true")
    expect(Object.keys(annotations)).toEqual(["flyte.secrets/s0", "flyte.secrets/s1"])
    expect(Object.values(annotations).every((it) => /^[a-z1-6]+$/.test(it))).toBe(true)
    expect(make().labels).not.toHaveProperty("inject-flyte-secrets")
  })

  it("write secrets in protobuf's text format", () => {
    const secret = create(Idl.SecretSchema, { group: "g\"\n", groupVersion: "1", key: "ü", mountRequirement: Idl.Secret_MountType.ENV_VAR, envVar: "E" })
    expect(toTextFormat(secret)).toBe('group: "g\\"\\012"\ngroup_version: "1"\nkey: "\\303\\274"\nmount_requirement: ENV_VAR\nenv_var: "E"\n')
  })
})

describe("settings", () => {
  it("the service account is that of the template, else the configured one, else none", () => {
    const config = { serviceAccountDefault: "fallback" }
    expect(make({ config, template: { securityContext: { runAs: { k8sServiceAccount: "own" } } } }).k8sServiceAccount).toBe("own")
    expect(make({ config }).k8sServiceAccount).toBe("fallback")
    expect(make().k8sServiceAccount).toBe("")
  })

  it("the security context is never absent", () => {
    expect(make().securityContext).toMatchObject({ secrets: [], tokens: [] })
  })

  it("attempts are the retries and the first one", () => {
    expect(make().maxAttempts).toBe(1)
    expect(make({ template: { metadata: { retries: { retries: 4 } } } }).maxAttempts).toBe(5)
  })

  it("the environment tells of run and action, and users cannot change that", () => {
    expect(make({ spec: { envVars: { A: "1", ACTION_NAME: "no" }, runOutputBase: "s3://b/x" } }).environmentVariables)
      .toEqual({ A: "1", ACTION_NAME: "a0", RUN_NAME: "r1", _U_RUN_BASE: "s3://b/x", _U_ORG_NAME: "local" })
  })

  it.each([
    ["the run", { spec: { interruptible: true } }, true],
    ["the run against the template", { spec: { interruptible: false }, template: { metadata: { interruptibleValue: { case: "interruptible", value: true } } } }, false],
    ["the template", { template: { metadata: { interruptibleValue: { case: "interruptible", value: true } } } }, true],
    ["the configuration", { config: { interruptibleDefault: true } }, true],
    ["nobody", {}, false],
    ["the run, until too many launches were lost", { spec: { interruptible: true }, launch: 2 }, false],
    ["the run, without a threshold", { spec: { interruptible: true }, launch: 9, config: { interruptibleFailureThreshold: 0 } }, true]
  ] as const)("interruptible is said by %s", (_, over, expected) => {
    expect(make(over as Parameters<typeof make>[0]).interruptible).toBe(expected)
  })

  it("overrides are the container's resources unless the configuration says otherwise", () => {
    const container = { case: "container" as const, value: { image: "i", resources: { requests: [{ name: Idl.Resources_ResourceName.CPU, value: "2" }], limits: [{ name: Idl.Resources_ResourceName.GPU, value: "1" }] } } }
    const own = make({ template: { type: "t", target: container, config: { a: "1" }, extendedResources: { gpuAccelerator: { device: "x" } } } }).overrides
    expect(own).toMatchObject({ resources: { requests: { cpu: "2" }, limits: { gpu: "1" } }, containerImage: "", config: { a: "1" }, extendedResources: { gpuAccelerator: { device: "x" } } })
    const other = make({ template: { type: "t", target: container }, config: { overrides: { t: { containerImage: "j", resources: { requests: { cpu: "1" } }, config: { b: "2" } } } } }).overrides
    expect(other).toMatchObject({ containerImage: "j", resources: { requests: { cpu: "1" }, limits: {} }, config: { b: "2" } })
  })

  it("a pod that the configuration gives for a type of task takes the place of the task's own", () => {
    const podTemplate = { primaryContainerName: "main", labels: { l: "1" }, spec: { containers: [{ name: "main", image: "j" }] } }
    const config = { overrides: { t: { podTemplate } } }
    expect(make({ template: { type: "t" }, config }).overrides.podTemplate).toMatchObject({ primaryContainerName: "main", metadata: { labels: { l: "1" }, annotations: {} }, podSpec: podTemplate.spec })
    expect(make({ template: { type: "other" }, config }).overrides.podTemplate).toBeUndefined()
  })

  it("platform resources, connections and the threshold come from the configuration", () => {
    const metadata = make({ config: { platformResources: { limits: { memory: "1Gi" } }, connections: { db: { source: "vault", connection: { host: "h" } } }, interruptibleFailureThreshold: 5 } })
    expect(metadata.platformResources).toEqual({ requests: {}, limits: { memory: "1Gi" } })
    expect(metadata.externalResourceAttributes.connections["db"]).toEqual({ source: "vault", connection: { host: "h" } })
    expect(metadata.interruptibleFailureThreshold).toBe(5)
  })

  it("the console's address is filled in", () => {
    const config = { consoleUrlTemplate: "https://c/{{project}}/{{ .domain }}/{{run}}/{{action}}?attempt={{attempt}}&x={{other}}" }
    expect(make({ config, attempt: 2, spec: { project: "a/b" } }).consoleUrl).toBe("https://c/a%2Fb/dev/r1/a0?attempt=2&x={{other}}")
    expect(make().consoleUrl).toBe("")
  })
})

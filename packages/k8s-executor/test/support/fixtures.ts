/** Tasks, executions and pods for tests. */
import { create, type MessageInitShape } from "@bufbuild/protobuf"
import { Idl, Names, type TaskExecutionMetadata, type TaskPaths } from "@fairlead/core"
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from "@fairlead/kube"
import type { BuildContext, PhaseContext } from "../../src/KubeObjectPlugin.ts"

export const epoch = Date.parse("2026-03-01T12:00:00Z")

/** RFC 3339 text of a time so many seconds after the epoch. */
export const at = (seconds: number): string => new Date(epoch + 1000 * seconds).toISOString().replace(".000Z", "Z")

export const template = (init: MessageInitShape<typeof Idl.TaskTemplateSchema> = {}): Idl.TaskTemplate =>
  create(Idl.TaskTemplateSchema, {
    id: create(Idl.IdentifierSchema, { resourceType: 1, project: "p", domain: "d", name: "greet", version: "v1" }),
    type: "container",
    ...init
  })

export const containerTemplate = (
  container: MessageInitShape<typeof Idl.ContainerSchema> = {},
  init: MessageInitShape<typeof Idl.TaskTemplateSchema> = {}
): Idl.TaskTemplate =>
  template({ target: { case: "container", value: { image: "busybox", command: ["echo"], args: ["hello"], ...container } }, ...init })

export const podTemplate = (spec: object, init: MessageInitShape<typeof Idl.TaskTemplateSchema> = {}): Idl.TaskTemplate =>
  template({
    type: "python",
    taskTypeVersion: 2,
    config: { primary_container_name: "main" },
    target: { case: "k8sPod", value: { podSpec: spec as never } },
    ...init
  })

export const metadata = (overrides: Partial<TaskExecutionMetadata> = {}, attempt = 1): TaskExecutionMetadata => {
  const generatedName = Names.generatedName("run1-a0", attempt)
  return {
    ownerId: { namespace: "flyte", name: "run1-a0" },
    taskExecutionId: {
      generatedName,
      generatedNameWith: (_min, _max) => generatedName,
      uniqueNodeId: generatedName,
      id: create(Idl.TaskExecutionIdentifierSchema, {
        taskId: { resourceType: 1, project: "p", domain: "d", name: "greet", version: "v1" },
        nodeExecutionId: { nodeId: "a0", executionId: { project: "p", domain: "d", name: "run1" } },
        retryAttempt: attempt - 1
      })
    },
    namespace: "flyte",
    ownerReference: {
      apiVersion: "flyte.org/v1",
      kind: "TaskAction",
      name: "run1-a0",
      uid: "uid-of-run1-a0",
      controller: true,
      blockOwnerDeletion: false
    },
    overrides: {
      resources: { requests: {}, limits: {} },
      extendedResources: undefined,
      containerImage: "",
      configMap: undefined,
      podTemplate: undefined,
      config: {}
    },
    labels: { run: "run1", action: "a0", attempt: String(attempt), "flyte.org/managed": "true" },
    maxAttempts: 1,
    annotations: {},
    k8sServiceAccount: "",
    securityContext: create(Idl.SecurityContextSchema),
    interruptible: false,
    platformResources: { requests: {}, limits: {} },
    interruptibleFailureThreshold: 0,
    environmentVariables: { RUN_NAME: "run1", ACTION_NAME: "a0" },
    externalResourceAttributes: { connections: {} },
    consoleUrl: "",
    ...overrides
  }
}

export const paths: TaskPaths = {
  inputPrefix: "s3://bucket/in",
  outputPrefix: "s3://bucket/ab/out/a0/1",
  rawOutputPrefix: "s3://bucket/ab/out/a0/1",
  checkpointPrefix: "s3://bucket/ab/out/a0/1/_flytecheckpoints",
  previousCheckpointPrefix: undefined
}

export const buildContext = (overrides: Partial<BuildContext> = {}): BuildContext => ({
  metadata: metadata(),
  template: containerTemplate(),
  paths,
  inputs: undefined,
  objectName: "run1-a0-0",
  ...overrides
})

export const phaseContext = (overrides: Partial<PhaseContext> = {}): PhaseContext => ({
  metadata: metadata(),
  template: containerTemplate(),
  now: epoch + 60_000,
  launchedAt: epoch,
  previous: undefined,
  memory: undefined,
  ...overrides
})

/** What tests want to say of a container's state, in the form of the API. */
export const containerStatus = (name: string, state: object, more: object = {}): ContainerStatus =>
  ({ name, image: "busybox", imageID: "", ready: false, restartCount: 0, state, ...more }) as ContainerStatus

export const terminated = (exitCode: number, reason = exitCode === 0 ? "Completed" : "Error", more: object = {}): object => ({
  terminated: { exitCode, reason, startedAt: at(1), finishedAt: at(5), ...more }
})

export const waiting = (reason: string, message = "msg"): object => ({ waiting: { reason, message } })

export const running = (): object => ({ running: { startedAt: at(1) } })

export const pod = (status: object, options: { readonly primary?: string; readonly spec?: Partial<PodSpec>; readonly metadata?: object } = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "run1-a0-0",
    namespace: "flyte",
    uid: "pod-uid",
    creationTimestamp: at(0),
    annotations: options.primary === undefined ? {} : { primary_container_name: options.primary },
    ...options.metadata
  },
  spec: { containers: [{ name: "main", image: "busybox" }] as ReadonlyArray<Container>, ...options.spec },
  status: status as PodStatus
})

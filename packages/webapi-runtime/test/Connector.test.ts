import { create as message } from "@bufbuild/protobuf"
import { type Resource, ResourceSchema, TaskExecution_Phase as Remote } from "@fairlead/core/connector"
import { Idl, Literals } from "@fairlead/core"
import { Simulation } from "@fairlead/simulation"
import { Code } from "@connectrpc/connect"
import { Cause, Duration, Effect, Exit, Logger, Redacted, Schema, Stream } from "effect"
import { describe, expect, test } from "vitest"
import { baseUrlOf, type ConnectorClient, ConnectorConfig, type Discovery, makeConnector, makeRegistry, type TaskCategory, timeoutOf, WebApiError, type WebApiTask } from "../src/index.ts"
import { createRequest, connectionOf, resolveConnection } from "../src/internal/connectorRequests.ts"
import { connectorStatus, isTerminalResource } from "../src/internal/connectorStatus.ts"
import { faultOf } from "../src/node/ConnectorClientGrpc.ts"

const config = (input: typeof ConnectorConfig.Encoded) => Schema.decodeSync(ConnectorConfig)(input)
const says = (...categories: ReadonlyArray<TaskCategory | string>): Discovery => ({ at: 0, categories: categories.map((it) => typeof it === "string" ? { name: it, version: 0 } : it) })
const at = (endpoint: string, more: object = {}) => ({ endpoint, insecure: true, ...more })

describe("Routes to connectors", () => {
  const settings = config({
    defaultConnector: at("default:1"),
    connectors: {
      exact: at("a:1", { project: "p", domain: "dev" }),
      project: at("b:1", { project: "p" }),
      domain: at("c:1", { domain: "dev" }),
      any: at("d:1"),
      late: at("e:1")
    },
    connectorForTaskTypes: { chosen: "late" }
  })
  const discoveries = new Map(["exact", "project", "domain", "any"].map((id) => [id, says("query")]))
  const registry = makeRegistry(settings, new Map([...discoveries, ["late", says("query", { name: "train", version: 2 }, "chosen")], ["any", says("query", "chosen")]]))

  test.each([
    ["p", "dev", "exact"],
    ["p", "prod", "project"],
    ["q", "dev", "domain"],
    ["q", "prod", "any"]
  ])("of %s/%s lead to the nearest: exact, project, domain, anybody's (A15)", (project, domain, id) => {
    expect(registry.route(project, domain, { name: "query", version: 0 })?.id).toBe(id)
  })

  test("follow the version, an explicit choice before everything, and the default last", () => {
    expect(registry.route("q", "x", { name: "train", version: 2 })?.id).toBe("late")
    expect(registry.route("q", "x", { name: "train", version: 1 })).toEqual({ id: "defaultConnector", isDiscovered: false })
    expect(registry.route("q", "x", { name: "chosen", version: 7 })).toEqual({ id: "late", isDiscovered: false })
    expect(makeRegistry(config({}), new Map()).route("p", "d", { name: "query", version: 0 })).toBeUndefined()
  })

  test("are the same every time when two claim one type, and that is told", () => {
    expect(registry.conflicts).toEqual(["\"query\" (version 0) is supported by any and late; any gets it"])
  })

  test("tell all supported types, sorted, each once, with those that are only configured", () => {
    expect(makeRegistry(config({ supportedTaskTypes: ["z", "query"] }), new Map([["x", says("query")]])).taskTypes).toEqual(["query", "z"])
    expect(registry.taskTypes).toEqual(["chosen", "query", "train"])
    expect(makeRegistry(config({}), new Map()).taskTypes).toEqual([])
  })

  test("have time limits: an operation's own before the default, and always one", () => {
    const { connectors } = config({ connectors: { a: at("a:1", { timeouts: { GetTask: "3 seconds" }, defaultTimeout: "7 seconds" }), b: at("b:1") } })
    expect([timeoutOf(connectors["a"]!, "GetTask"), timeoutOf(connectors["a"]!, "CreateTask"), timeoutOf(connectors["b"]!, "DeleteTask")].map(Duration.toSeconds)).toEqual([3, 7, 10])
  })

  test("lead to addresses as gRPC writes them", () => {
    expect([["dns:///c.flyte:8000", true], ["c.flyte:443", false], ["https://c/x", true]].map(([endpoint, insecure]) => baseUrlOf({ endpoint, insecure } as never))).toEqual(["http://c.flyte:8000", "https://c.flyte:443", "https://c/x"])
  })
})

describe("What a connector answers", () => {
  const status = (fields: object, endpoint = "c:1") => Effect.runSync(Effect.result(connectorStatus(message(ResourceSchema, fields as never), endpoint)))

  test.each([
    [Remote.QUEUED, "Queued", false],
    [Remote.WAITING_FOR_RESOURCES, "WaitingForResources", false],
    [Remote.INITIALIZING, "Initializing", false],
    [Remote.RUNNING, "Running", false],
    [Remote.SUCCEEDED, "Success", true],
    [Remote.ABORTED, "Aborted", true],
    [Remote.FAILED, "PermanentFailure", true],
    [Remote.RETRYABLE_FAILED, "RetryableFailure", true]
  ] as const)("phase %s is %s", (phase, expected, isEnd) => {
    expect(status({ phase })).toMatchObject({ _tag: "Success", success: { phase: { phase: expected } } })
    expect(isTerminalResource({ phase } as Resource)).toBe(isEnd)
  })

  test("that is no phase is an error", () => {
    expect(status({ phase: Remote.UNDEFINED })).toMatchObject({ _tag: "Failure", failure: { fault: "Unavailable" } })
    expect(isTerminalResource({ phase: Remote.UNDEFINED } as Resource)).toBe(false)
  })

  test("of a failure is told, with the connector's words if it has any", () => {
    expect(status({ phase: Remote.FAILED, message: "no disk" })).toMatchObject({ success: { phase: { error: { message: "failed to run the job: no disk", code: "TaskFailedWithError" } } } })
    expect(status({ phase: Remote.FAILED })).toMatchObject({ success: { phase: { error: { message: "failed to run the job" } } } })
  })

  test("comes with links, custom info and outputs, and with a context for logs only when the endpoint is known", () => {
    const resource = { phase: Remote.SUCCEEDED, logLinks: [{ name: "console", uri: "https://x" }], customInfo: { a: 1 }, outputs: { literals: [{ name: "x", value: Literals.integer(1) }] } }
    const known = status(resource)
    expect(known).toMatchObject({ success: { phase: { info: { logs: [{ name: "console" }], customInfo: { a: 1 }, logContext: { connector: { endpoint: "c:1" } } } }, outputs: { literals: { x: {} } } } })
    expect(JSON.stringify(status({ phase: Remote.RUNNING }, ""))).not.toContain("logContext")
    expect(status({ phase: Remote.SUCCEEDED })).not.toHaveProperty("success.outputs")
  })

  test("as a gRPC error is sorted; what a connector throws costs an attempt when it creates, and nothing when it looks", () => {
    expect([Code.NotFound, Code.Unauthenticated, Code.PermissionDenied, Code.ResourceExhausted, Code.InvalidArgument, Code.Unavailable, Code.DeadlineExceeded, Code.Internal].map((code) => faultOf("CreateTask", code))).toEqual(
      ["NotFound", "Unauthorized", "Unauthorized", "Throttled", "Rejected", "Unavailable", "Unknown", "Failed"]
    )
    expect([Code.Internal, Code.Unknown].map((code) => faultOf("GetTask", code))).toEqual(["Unavailable", "Unavailable"])
  })
})

const task = (custom: unknown, more: { readonly args?: ReadonlyArray<string>; readonly inputs?: WebApiTask["inputs"]; readonly connections?: object; readonly config?: object } = {}): WebApiTask => ({
  key: "k",
  metadata: {
    taskExecutionId: { generatedName: "run-a-0", id: message(Idl.TaskExecutionIdentifierSchema, { retryAttempt: 2 }) },
    namespace: "ns", labels: { l: "1" }, annotations: { a: "2" }, k8sServiceAccount: "sa", environmentVariables: { E: "3" }, maxAttempts: 4, interruptible: true, interruptibleFailureThreshold: 5,
    securityContext: {}, overrides: { config: {} }, externalResourceAttributes: { connections: more.connections ?? {} }
  },
  template: message(Idl.TaskTemplateSchema, { type: "query", config: (more.config ?? {}) as never, ...(custom === undefined ? {} : { custom: custom as never }), ...(more.args === undefined ? {} : { target: { case: "container", value: { args: [...more.args] } } }) } as never),
  paths: { inputPrefix: "mem://in", outputPrefix: "mem://out", rawOutputPrefix: "mem://raw", checkpointPrefix: "mem://cp", previousCheckpointPrefix: undefined },
  inputs: more.inputs ?? Effect.succeed(Literals.literalMap({ x: Literals.integer(3) })),
  secrets: { get: ({ group, key }: { group?: string; key: string }) => Effect.succeed(Redacted.make(`value of ${group ?? ""}/${key}`)) }
}) as unknown as WebApiTask

describe("What is sent to a connector", () => {
  test("is the template with its arguments filled in, the inputs, and all that is known of the execution; the template itself stays", () => {
    const given = task(undefined, { args: ["--x", "{{.inputs.x}}", "{{.outputPrefix}}"] })
    const request = Effect.runSync(createRequest(given, message(Idl.ConnectionSchema as never) as never))
    expect(request).toMatchObject({
      outputPrefix: "mem://out",
      inputs: { literals: [{ name: "x" }] },
      template: { target: { value: { args: ["--x", "3", "mem://out"] } } },
      taskExecutionMetadata: { namespace: "ns", labels: { l: "1" }, annotations: { a: "2" }, k8sServiceAccount: "sa", environmentVariables: { E: "3" }, maxAttempts: 4, interruptible: true, interruptibleFailureThreshold: 5, taskExecutionId: { retryAttempt: 2 } }
    })
    expect(given.template.target.value).toMatchObject({ args: ["--x", "{{.inputs.x}}", "{{.outputPrefix}}"] })
  })

  test("cannot be made of inputs that cannot be read: that is the attempt's failure", () => {
    const broken = task(undefined, { inputs: Effect.fail({ code: "InputsFileTooLarge", description: "too large" } as never) })
    expect(Effect.runSync(Effect.flip(createRequest(broken, {} as never)))).toMatchObject({ fault: "Failed", description: "too large" })
  })

  test("has the task's connection: from its custom part, or one of the engine's by name, or an empty one (A16)", () => {
    const connection = (it: WebApiTask) => Effect.runSync(connectionOf(it))
    expect(connection(task(undefined))).toEqual({ taskType: "", secrets: {}, configs: {} })
    expect(connection(task({ secrets: { token: "warehouse/token" }, configs: { region: "eu" }, unknown: 1 }))).toEqual({ taskType: "", secrets: { token: "warehouse/token" }, configs: { region: "eu" } })
    const connections = { main: { source: "snowflake", connection: { account: "a1" } } }
    expect(connection(task({ connection: "main" }, { connections }))).toEqual({ taskType: "snowflake", secrets: {}, configs: { account: "a1" } })
    expect(connection(task(undefined, { connections, config: { connection: "main" } })).taskType).toBe("snowflake")
    expect(Effect.runSync(Effect.flip(connectionOf(task({ connection: "other" }, { connections }))))).toMatchObject({ fault: "Rejected", description: "there is no connection \"other\"; there are: main" })
  })

  test("has the values of secrets for the call only", () => {
    const { secrets } = task(undefined)
    expect(Effect.runSync(resolveConnection({ taskType: "", secrets: { token: "warehouse/token", plain: "k" }, configs: {} }, secrets)).secrets).toEqual({ token: "value of warehouse/token", plain: "value of /k" })
  })
})

describe("What connectors support", () => {
  test("is asked again and again; one that does not answer keeps what it said, and nobody waits for it (A15)", () => {
    let isDown = false
    let asked = 0
    const client = (types: ReadonlyArray<string>, canFail: boolean): ConnectorClient => ({
      listConnectors: Effect.suspend(() => {
        asked++
        return canFail && isDown ? Effect.fail(new WebApiError({ fault: "Unavailable", description: "down" })) : Effect.succeed(types.map((name) => ({ name, version: 0 })))
      }),
      createTask: () => Effect.die("no"),
      getTask: () => Effect.die("no"),
      deleteTask: () => Effect.die("no"),
      getTaskMetrics: () => Effect.die("no"),
      getTaskLogs: () => Stream.die("no")
    })
    const opened: Array<string> = []
    const program = Effect.scoped(Effect.gen(function*() {
      const plugin = yield* makeConnector({
        config: config({ connectors: { a: at("a:1"), b: at("b:1") } }),
        open: (id) => Effect.sync(() => (opened.push(id), client([`type-${id}`], id === "a")))
      })
      expect(plugin.registry().taskTypes).toEqual(["type-a", "type-b"])
      isDown = true
      yield* Effect.sleep("1 minute")
      expect(plugin.registry().taskTypes).toEqual(["type-a", "type-b"])
      expect(asked).toBeGreaterThanOrEqual(12)
      expect(opened).toEqual(["a", "b"])
    }))
    const exit = Simulation.make({ seed: 1, virtualTimeMax: "1 hours" }).run(Effect.provide(program, Logger.layer([])) as Effect.Effect<void>)
    if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  })

  test("cannot be configured with names of connectors that are not there", () => {
    const error = Effect.runSync(Effect.flip(Effect.scoped(makeConnector({ config: config({ connectorForTaskTypes: { query: "nowhere" } }), open: () => Effect.die("no") }))))
    expect(error.message).toBe("connectorForTaskTypes.query names the connector \"nowhere\"; there are: none")
  })
})

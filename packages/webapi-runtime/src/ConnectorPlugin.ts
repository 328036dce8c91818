/** Runs tasks on connectors written with Flyte's Python package: any service that speaks Flyte's connector protocol. */
import { create, toBinary } from "@bufbuild/protobuf"
import { DeleteTaskRequestSchema, GetTaskLogsRequestSchema, type GetTaskLogsResponse, GetTaskMetricsRequestSchema, type GetTaskMetricsResponse, GetTaskRequestSchema, type Resource, ResourceSchema } from "@fairlead/core/connector"
import type { SecretAccessor } from "@fairlead/core"
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire"
import { Clock, Data, Effect, type Scope, Stream } from "effect"
import type { AsyncPlugin, WebApiTask } from "./AsyncPlugin.ts"
import type { ConnectorClient } from "./ConnectorClient.ts"
import { type ConnectorConfig, connectorConfigProblems, type ConnectorDeployment, deploymentsOf } from "./ConnectorConfig.ts"
import { type ConnectorRegistry, type Discovery, makeRegistry, type TaskCategory } from "./ConnectorRegistry.ts"
import { type ConnectionReference, connectionOf, createRequest, resolveConnection } from "./internal/connectorRequests.ts"
import { connectorStatus, isTerminalResource } from "./internal/connectorStatus.ts"
import type { PluginConfigInput } from "./PluginConfig.ts"
import { WebApiError } from "./WebApiError.ts"

/** What is stored about a task on a connector. Secrets of its connection stand in it by name. */
export type ConnectorMeta = {
  readonly connector: string
  /** The connector's own bytes, in base64. */
  readonly resourceMeta: string
  readonly type: string
  readonly version: number
  readonly outputPrefix: string
  readonly project: string
  readonly domain: string
  readonly connection: ConnectionReference
}

/** A connector's answer, with its bytes for comparison. */
export interface ConnectorResource {
  readonly resource: Resource
  readonly bytes: Uint8Array
}

/** Settings that name connectors which do not exist. */
export class ConnectorConfigInvalid extends Data.TaggedError("ConnectorConfigInvalid")<{ readonly problems: ReadonlyArray<string> }> {
  override get message(): string {
    return this.problems.join("; ")
  }
}

/** The plugin, and what else connectors can be asked. */
export interface ConnectorPlugin extends AsyncPlugin<ConnectorMeta, ConnectorResource> {
  /** Task types that connectors support now. They change while the engine runs. */
  readonly registry: () => ConnectorRegistry
  /** Log lines of a task, page by page. */
  readonly logs: (meta: ConnectorMeta, page: { readonly lines: number; readonly token: string }) => Stream.Stream<GetTaskLogsResponse, WebApiError>
  readonly metrics: (meta: ConnectorMeta, queries: ReadonlyArray<string>) => Effect.Effect<GetTaskMetricsResponse, WebApiError>
}

/** How connectors are reached. */
export interface ConnectorPluginOptions {
  readonly config: ConnectorConfig
  /** Opens a service; called once for each, and its connection kept. */
  readonly open: (id: string, deployment: ConnectorDeployment) => Effect.Effect<ConnectorClient, never, Scope.Scope>
}

/**
 * Makes the plugin. Services are asked what they support until the scope ends; one that does not answer keeps what it said last, so
 * that a short failure never takes its task types away. Nothing waits for services that are down.
 */
export const makeConnector = Effect.fnUntraced(function*({ config, open }: ConnectorPluginOptions): Effect.fn.Return<ConnectorPlugin, ConnectorConfigInvalid, Scope.Scope> {
  const problems = connectorConfigProblems(config)
  if (problems.length > 0) return yield* new ConnectorConfigInvalid({ problems })
  const clients = new Map<string, ConnectorClient>()
  for (const [id, deployment] of deploymentsOf(config)) clients.set(id, yield* open(id, deployment))
  const directory = new Directory(config, clients)
  yield* directory.ask
  yield* Effect.forkScoped(Effect.forever(Effect.delay(directory.ask, config.pollInterval)))
  return pluginOf(config, directory)
})

/** What is known of the services. */
class Directory {
  readonly #discoveries = new Map<string, Discovery>()
  readonly #clients: ReadonlyMap<string, ConnectorClient>
  readonly #config: ConnectorConfig
  readonly #complained = new Set<string>()
  registry: ConnectorRegistry

  constructor(config: ConnectorConfig, clients: ReadonlyMap<string, ConnectorClient>) {
    this.#config = config
    this.#clients = clients
    this.registry = makeRegistry(config, this.#discoveries)
  }

  /** Asks all services at once. */
  readonly ask: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(
      Effect.forEach(this.#clients, ([id, client]) => this.#askOne(id, client), { concurrency: "unbounded", discard: true }),
      Effect.suspend(() => {
        this.registry = makeRegistry(this.#config, this.#discoveries)
        return Effect.forEach(this.registry.conflicts, (it) => this.#complainOnce(it), { discard: true })
      })
    )
  )

  client(id: string): ConnectorClient | undefined {
    return this.#clients.get(id)
  }

  endpointOf(id: string): string {
    return deploymentsOf(this.#config).get(id)?.endpoint ?? ""
  }

  readonly #askOne = Effect.fnUntraced(function*(this: Directory, id: string, client: ConnectorClient) {
    const answer = yield* Effect.result(client.listConnectors)
    if (answer._tag === "Success") {
      this.#discoveries.set(id, { categories: answer.success, at: yield* Clock.currentTimeMillis })
      this.#complained.delete(id)
      return
    }
    if (this.#complained.has(id)) return
    this.#complained.add(id)
    yield* Effect.logWarning(`connector ${id} could not be asked what it supports; what it said last holds: ${answer.failure.message}`)
  }.bind(this))

  #complainOnce(text: string): Effect.Effect<void> {
    if (this.#complained.has(text)) return Effect.void
    this.#complained.add(text)
    return Effect.logWarning(text)
  }
}

const pluginOf = (config: ConnectorConfig, directory: Directory): ConnectorPlugin => ({
  config: () => config.webApi as PluginConfigInput,
  resourceRequirements: () => Effect.succeed({ namespace: "default", projectMax: config.projectScopeMax, namespaceMax: config.namespaceScopeMax }),
  endpoint: (task) => routeOf(directory, task)?.id ?? "",
  create: (task) => createOn(directory, task),
  get: ({ meta, secrets }) => withConnection(directory, meta, secrets, (client, connection) =>
    Effect.map(
      client.getTask(create(GetTaskRequestSchema, { resourceMeta: base64Decode(meta.resourceMeta), taskCategory: categoryOf(meta), outputPrefix: meta.outputPrefix, connection })),
      (resource) => ({ resource, bytes: toBinary(ResourceSchema, resource) })
    )),
  delete: ({ meta, secrets }) => withConnection(directory, meta, secrets, (client, connection) =>
    client.deleteTask(create(DeleteTaskRequestSchema, { resourceMeta: base64Decode(meta.resourceMeta), taskCategory: categoryOf(meta), connection }))),
  status: ({ meta, resource }) => connectorStatus(resource.resource, directory.endpointOf(meta.connector)),
  isTerminal: ({ resource }) => isTerminalResource(resource),
  isSame: (one, other) => one.bytes.length === other.bytes.length && one.bytes.every((byte, index) => byte === other.bytes[index]),
  registry: () => directory.registry,
  logs: (meta, { lines, token }) => Stream.unwrap(Effect.map(clientOf(directory, meta), (client) =>
    client.getTaskLogs(create(GetTaskLogsRequestSchema, { resourceMeta: base64Decode(meta.resourceMeta), lines: BigInt(lines), token, taskCategory: categoryOf(meta) })))),
  metrics: (meta, queries) => Effect.flatMap(clientOf(directory, meta), (client) =>
    client.getTaskMetrics(create(GetTaskMetricsRequestSchema, { resourceMeta: base64Decode(meta.resourceMeta), queries: [...queries], taskCategory: categoryOf(meta) })))
})

const categoryOf = ({ type, version }: ConnectorMeta): TaskCategory => ({ name: type, version })

const placeOf = ({ metadata }: Pick<WebApiTask, "metadata">): { readonly project: string; readonly domain: string } => {
  const { domain = "", project = "" } = metadata.taskExecutionId.id.nodeExecutionId?.executionId ?? {}
  return { project, domain }
}

const routeOf = (directory: Directory, task: WebApiTask) => {
  const { domain, project } = placeOf(task)
  return directory.registry.route(project, domain, { name: task.template.type, version: task.template.taskTypeVersion })
}

const createOn = Effect.fnUntraced(function*(directory: Directory, task: WebApiTask) {
  const { taskTypeVersion: version, type } = task.template
  const route = routeOf(directory, task)
  const client = route === undefined ? undefined : directory.client(route.id)
  if (route === undefined || client === undefined) {
    // A connector may come up: the task waits for it, within its bounds.
    return yield* new WebApiError({ fault: "Unavailable", code: "ConnectorNotFound", description: `no connector supports "${type}" (version ${version}); supported are: ${directory.registry.taskTypes.join(", ") || "none"}` })
  }
  const connection = yield* connectionOf(task)
  const request = yield* createRequest(task, yield* resolveConnection(connection, task.secrets))
  const resourceMeta = base64Encode(yield* client.createTask(request))
  const meta: ConnectorMeta = { connector: route.id, resourceMeta, type, version, outputPrefix: task.paths.outputPrefix, ...placeOf(task), connection }
  return { meta }
})

/** The service that has the task, or whoever serves its type now if that one is not configured any more. */
const clientOf = (directory: Directory, meta: ConnectorMeta): Effect.Effect<ConnectorClient, WebApiError> => {
  const client = directory.client(meta.connector) ?? directory.client(directory.registry.route(meta.project, meta.domain, categoryOf(meta))?.id ?? "")
  return client === undefined
    ? Effect.fail(new WebApiError({ fault: "Unavailable", code: "ConnectorNotFound", description: `the connector ${meta.connector} is not configured any more, and no other supports "${meta.type}"` }))
    : Effect.succeed(client)
}

const withConnection = <A>(
  directory: Directory,
  meta: ConnectorMeta,
  secrets: SecretAccessor,
  call: (client: ConnectorClient, connection: Effect.Success<ReturnType<typeof resolveConnection>>) => Effect.Effect<A, WebApiError>
): Effect.Effect<A, WebApiError> =>
  Effect.flatMap(clientOf(directory, meta), (client) => Effect.flatMap(resolveConnection(meta.connection, secrets), (connection) => call(client, connection)))


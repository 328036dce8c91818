/** Connector services by gRPC over HTTP/2, on Node. */
import { type CallOptions, Code, ConnectError, createClient } from "@connectrpc/connect"
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node"
import { AsyncConnectorService, ConnectorMetadataService } from "@fairlead/core/connector"
import { Duration, Effect, type Scope, Stream } from "effect"
import type { ConnectorClient } from "../ConnectorClient.ts"
import { baseUrlOf, type ConnectorDeployment, timeoutOf } from "../ConnectorConfig.ts"
import { WebApiError, type WebApiFault } from "../WebApiError.ts"

/** Connections are looked after as Flyte does. */
const pingInterval = 30_000
const pingTimeout = 10_000

/** Opens a service. One connection is kept for all calls and closed with the scope. */
export const open = (_id: string, deployment: ConnectorDeployment): Effect.Effect<ConnectorClient, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Http2SessionManager(baseUrlOf(deployment), { pingIntervalMs: pingInterval, pingTimeoutMs: pingTimeout })),
      (session) => Effect.sync(() => session.abort())
    ),
    (sessionManager) => {
      const transport = createGrpcTransport({ baseUrl: baseUrlOf(deployment), sessionManager })
      return clientOf(deployment, createClient(AsyncConnectorService, transport), createClient(ConnectorMetadataService, transport))
    }
  )

type Tasks = ReturnType<typeof createClient<typeof AsyncConnectorService>>
type Metadata = ReturnType<typeof createClient<typeof ConnectorMetadataService>>

const clientOf = (deployment: ConnectorDeployment, tasks: Tasks, metadata: Metadata): ConnectorClient => {
  const call = <A>(operation: string, send: (options: CallOptions) => Promise<A>): Effect.Effect<A, WebApiError> =>
    Effect.tryPromise({
      try: (signal) => send({ signal, timeoutMs: Duration.toMillis(timeoutOf(deployment, operation)) }),
      catch: (error) => errorOf(operation, deployment, error)
    })
  return {
    listConnectors: call("ListConnectors", (options) => metadata.listConnectors({}, options)).pipe(
      Effect.map(({ connectors }) => connectors.flatMap((it) => it.supportedTaskCategories.map(({ name, version }) => ({ name, version })))),
      Effect.catchIf((error) => error.code === "Unimplemented", () => Effect.succeed([]))
    ),
    createTask: (request) => Effect.map(call("CreateTask", (options) => tasks.createTask(request, options)), ({ resourceMeta }) => resourceMeta),
    getTask: (request) => Effect.flatMap(call("GetTask", (options) => tasks.getTask(request, options)), ({ resource }) =>
      resource === undefined ? Effect.fail(new WebApiError({ fault: "Unavailable", description: "GetTask was answered without a resource" })) : Effect.succeed(resource)),
    deleteTask: (request) => Effect.asVoid(call("DeleteTask", (options) => tasks.deleteTask(request, options))),
    getTaskMetrics: (request) => call("GetTaskMetrics", (options) => tasks.getTaskMetrics(request, options)),
    getTaskLogs: (request) => Stream.fromAsyncIterable(
      tasks.getTaskLogs(request, { timeoutMs: Duration.toMillis(timeoutOf(deployment, "GetTaskLogs")) }),
      (error) => errorOf("GetTaskLogs", deployment, error)
    )
  }
}

/** What a gRPC code means. A connector that throws answers `Internal`: of a creation that is the attempt's failure, of a look an outage. */
export const faultOf = (operation: string, code: Code): WebApiFault => {
  switch (code) {
    case Code.NotFound: return "NotFound"
    case Code.Unauthenticated:
    case Code.PermissionDenied: return "Unauthorized"
    case Code.ResourceExhausted: return "Throttled"
    case Code.InvalidArgument:
    case Code.FailedPrecondition:
    case Code.OutOfRange: return "Rejected"
    case Code.Unavailable:
    case Code.Aborted: return "Unavailable"
    case Code.DeadlineExceeded:
    case Code.Canceled: return "Unknown"
    default: return operation === "CreateTask" ? "Failed" : "Unavailable"
  }
}

const errorOf = (operation: string, { endpoint }: ConnectorDeployment, error: unknown): WebApiError => {
  const { code, rawMessage } = ConnectError.from(error)
  return new WebApiError({
    fault: faultOf(operation, code),
    description: `${operation} at ${endpoint} failed: ${rawMessage}`,
    ...(code === Code.Unimplemented ? { code: "Unimplemented" } : {})
  })
}

/** Calls of connector services, however they are carried. */
import type { DeleteTaskRequest, GetTaskLogsRequest, GetTaskLogsResponse, GetTaskMetricsRequest, GetTaskMetricsResponse, GetTaskRequest, CreateTaskRequest, Resource } from "@fairlead/core/connector"
import type { Effect, Stream } from "effect"
import type { TaskCategory } from "./ConnectorRegistry.ts"
import type { WebApiError } from "./WebApiError.ts"

/** One connector service: Flyte's `AsyncConnectorService` and `ConnectorMetadataService`. Every call has a time limit. */
export interface ConnectorClient {
  /** What the service supports; nothing for one that cannot be asked. */
  readonly listConnectors: Effect.Effect<ReadonlyArray<TaskCategory>, WebApiError>
  /** Begins a task; answers the connector's own bytes. */
  readonly createTask: (request: CreateTaskRequest) => Effect.Effect<Uint8Array, WebApiError>
  readonly getTask: (request: GetTaskRequest) => Effect.Effect<Resource, WebApiError>
  readonly deleteTask: (request: DeleteTaskRequest) => Effect.Effect<void, WebApiError>
  readonly getTaskMetrics: (request: GetTaskMetricsRequest) => Effect.Effect<GetTaskMetricsResponse, WebApiError>
  readonly getTaskLogs: (request: GetTaskLogsRequest) => Stream.Stream<GetTaskLogsResponse, WebApiError>
}

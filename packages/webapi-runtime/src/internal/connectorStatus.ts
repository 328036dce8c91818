/** What a connector's answer means for the task: Flyte's table, with versions and messages kept. */
import { create } from "@bufbuild/protobuf"
import { type Resource, TaskExecution_Phase } from "@fairlead/core/connector"
import { Idl, Phase } from "@fairlead/core"
import { Effect } from "effect"
import type { JobStatus } from "../AsyncPlugin.ts"
import { WebApiError } from "../WebApiError.ts"

const Connector = TaskExecution_Phase

/** Phases that do not change any more. */
export const isTerminalResource = ({ phase }: Resource): boolean =>
  phase === Connector.SUCCEEDED || phase === Connector.FAILED || phase === Connector.RETRYABLE_FAILED || phase === Connector.ABORTED

const failureOf = (resource: Resource): Phase.TaskError => ({
  code: "TaskFailedWithError",
  message: resource.message === "" ? "failed to run the job" : `failed to run the job: ${resource.message}`,
  kind: "USER"
})

/** The status of a task. `endpoint` lets others fetch its logs; it is left out when it is not known. */
export const connectorStatus = (resource: Resource, endpoint: string): Effect.Effect<JobStatus, WebApiError> => {
  const info: Partial<Phase.TaskInfo> = {
    logs: resource.logLinks as unknown as ReadonlyArray<Idl.TaskLog>,
    ...(resource.customInfo === undefined ? {} : { customInfo: resource.customInfo }),
    ...(endpoint === "" ? {} : { logContext: create(Idl.LogContextSchema, { connector: { endpoint } }) })
  }
  const { message } = resource
  switch (resource.phase) {
    case Connector.QUEUED: return Effect.succeed({ phase: Phase.queued(0, message, info) })
    case Connector.WAITING_FOR_RESOURCES: return Effect.succeed({ phase: Phase.waitingForResources(0, message, info) })
    case Connector.INITIALIZING: return Effect.succeed({ phase: Phase.initializing(0, message, info) })
    case Connector.RUNNING: return Effect.succeed({ phase: Phase.running(0, message, info) })
    case Connector.SUCCEEDED: return Effect.succeed({ phase: Phase.success(info), ...outputsOf(resource) })
    case Connector.ABORTED: return Effect.succeed({ phase: Phase.aborted(0, message || "the connector says that the job was aborted", info) })
    case Connector.FAILED: return Effect.succeed({ phase: Phase.permanentFailure(failureOf(resource), { info }) })
    case Connector.RETRYABLE_FAILED: return Effect.succeed({ phase: Phase.retryableFailure(failureOf(resource), { info }) })
    default: return Effect.fail(new WebApiError({ fault: "Unavailable", description: `the connector answered the phase ${resource.phase}, which says nothing` }))
  }
}

const outputsOf = ({ outputs }: Resource): Partial<JobStatus> => {
  if (outputs === undefined || outputs.literals.length === 0) return {}
  const literals = Object.fromEntries(outputs.literals.flatMap(({ name, value }) => value === undefined ? [] : [[name, value]]))
  return { outputs: create(Idl.LiteralMapSchema, { literals: literals as unknown as Record<string, Idl.Literal> }) }
}

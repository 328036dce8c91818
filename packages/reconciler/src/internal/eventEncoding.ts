/** Events in the form of Flyte's events service. */
import { create, toBinary } from "@bufbuild/protobuf"
import type { Phase } from "@fairlead/core"
import { type ActionEvent as WireEvent, ActionEventSchema, ActionPhase, ErrorInfo_Kind, RecordRequestSchema } from "@fairlead/core/workflow"
import type { ActionEvent } from "../ActionEvent.ts"

const timestamp = (millis: number) => {
  const whole = Math.floor(millis / 1000)
  return { seconds: BigInt(whole), nanos: Math.floor((millis - whole * 1000) * 1_000_000) }
}

const kinds: { readonly [K in Phase.ErrorKind]: ErrorInfo_Kind } = {
  USER: ErrorInfo_Kind.USER,
  SYSTEM: ErrorInfo_Kind.SYSTEM,
  UNKNOWN: ErrorInfo_Kind.UNSPECIFIED
}

/** One event as `flyteidl2.workflow.ActionEvent`, reported at `reportedAt`. */
export const toProto = (event: ActionEvent, reportedAt: number): WireEvent =>
  create(ActionEventSchema, {
    id: { run: { project: event.id.project, domain: event.id.domain, name: event.id.run }, name: event.id.action },
    attempt: event.attempt,
    phase: ActionPhase[event.phase],
    version: event.version,
    updatedTime: timestamp(event.updatedTime),
    reportedTime: timestamp(reportedAt),
    ...(event.error === undefined ? {} : { errorInfo: { message: event.error.message, kind: kinds[event.error.kind] } }),
    ...(event.outputs === undefined ? {} : { outputs: event.outputs }),
    cluster: event.cluster,
    logInfo: [...event.logs],
    ...(event.logContext === undefined ? {} : { logContext: event.logContext }),
    cacheStatus: event.cacheStatus as WireEvent["cacheStatus"],
    clusterEvents: event.clusterEvents.map((it) => ({ message: it.message, occurredAt: timestamp(it.occurredAt) }))
  })

/** The bytes of a `RecordRequest`. */
export const encodeRequest = (events: ReadonlyArray<ActionEvent>, reportedAt: number): Uint8Array<ArrayBuffer> =>
  toBinary(RecordRequestSchema, create(RecordRequestSchema, { events: events.map((it) => toProto(it, reportedAt)) })) as Uint8Array<ArrayBuffer>

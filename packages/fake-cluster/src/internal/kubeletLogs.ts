/** Answers requests for logs as a kubelet does, errors included. */
import { ApiFailure, type LogStream } from "@fairlead/api-server"
import type { KubeQuery } from "@fairlead/kube"
import { Effect } from "effect"
import { isLive } from "./containerRecord.ts"
import { followLog } from "./logFollower.ts"
import type { PodEntry } from "./podEntry.ts"
import { containerOf } from "./podRecord.ts"
import type { Schedule } from "./timers.ts"

/** The log of a container, whole or as it grows; throws `BadRequest` where a real kubelet refuses. Options as in `PodLogOptions`. */
export const answerLog = (entry: PodEntry, container: string, query: KubeQuery, schedule: Schedule): string | LogStream => {
  const { sandbox } = entry
  const { name } = entry.record.pod.metadata
  const state = containerOf(entry.record, container)
  const previous = isSet(query["previous"])
  const tailLines = numberOf(query["tailLines"])
  const text = sandbox === undefined ? undefined : Effect.runSync(sandbox.logs({ container, previous, tailLines, limitBytes: numberOf(query["limitBytes"]) }))
  if (sandbox === undefined || text === undefined) {
    throw ApiFailure.badRequest(previous
      ? `previous terminated container "${container}" in pod "${name}" not found`
      : `container "${container}" in pod "${name}" is waiting to start: ${state.phase._tag === "Waiting" ? state.phase.reason : "ContainerCreating"}`)
  }
  if (previous || !isSet(query["follow"])) return text
  const run = state.restarts
  const isRunning = (): boolean => {
    const now = containerOf(entry.record, container)
    return now.restarts === run && isLive(now)
  }
  return followLog({ sandbox, container, run, isRunning }, tailLines, schedule)
}

const isSet = (flag: string | undefined): boolean => flag === "true" || flag === "1"

const numberOf = (text: string | undefined): number | undefined => (text === undefined || text === "" ? undefined : Number(text))

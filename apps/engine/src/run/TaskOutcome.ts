/** Reads what came of one task: outputs or error, and the end of its log. */
import { Idl, Literals, LiteralValues } from "@fairlead/core"
import { type Datastore, TaskFiles } from "@fairlead/datastore"
import { CacheHit } from "@fairlead/reconciler"
import { Effect, Option } from "effect"
import type { TaskResult } from "./Results.ts"
import { RunEvents } from "./RunEvents.ts"
import { RunPods } from "./RunPods.ts"
import type { BoardEntry } from "./TaskBoard.ts"

const logLinesMost = 20

/** The outputs of a task that succeeded; none if it wrote none. */
export const outputsOf = Effect.fnUntraced(function*(entry: BoardEntry): Effect.fn.Return<Idl.LiteralMap, never, Datastore | RunEvents> {
  const folder = yield* (yield* RunEvents).outputFolder(entry.submission.action)
  if (folder === undefined) return Literals.literalMap({})
  const outputs = yield* Effect.result(TaskFiles.readOutputs(folder))
  return outputs._tag === "Success" ? Option.getOrElse(outputs.success, () => Literals.literalMap({})) : Literals.literalMap({})
})

/** The row of a task in the results. */
export const resultOf = Effect.fnUntraced(function*(entry: BoardEntry): Effect.fn.Return<TaskResult, never, Datastore | RunEvents | RunPods> {
  const { progress, submission } = entry
  const succeeded = progress.state === "succeeded"
  const pods = yield* RunPods
  return {
    name: progress.name,
    phase: progress.state,
    attempts: progress.attempts,
    duration: progress.submittedAt === undefined || progress.endedAt === undefined ? undefined : progress.endedAt - progress.submittedAt,
    outputs: succeeded ? LiteralValues.mapToValue(yield* outputsOf(entry)) : {},
    error: succeeded ? undefined : errorOf(entry),
    cached: cachedOf(entry),
    cacheFailed: failures.has(entry.action?.status?.cacheStatus) || undefined,
    log: succeeded ? [] : yield* pods.log(submission.action, logLinesMost)
  }
})

const { CACHE_HIT, CACHE_LOOKUP_FAILURE, CACHE_PUT_FAILURE } = Idl.CatalogCacheStatus
const failures: ReadonlySet<number | undefined> = new Set([CACHE_LOOKUP_FAILURE, CACHE_PUT_FAILURE])

const cachedOf = ({ action }: BoardEntry): CacheHit.CacheHit | undefined => {
  if (action?.status?.cacheStatus !== CACHE_HIT) return undefined
  return CacheHit.fromText(action.status.conditions?.find((it) => it.type === "Succeeded")?.message ?? "")
}

const errorOf = ({ action, progress }: BoardEntry): TaskResult["error"] => {
  if (progress.state === "aborted") return { code: "Aborted", kind: "", message: progress.reason }
  const failed = action?.status?.conditions?.find((it) => it.type === "Failed" && it.status === "True")
  return {
    code: action?.status?.errorState?.code ?? failed?.reason ?? "NotStarted",
    kind: action?.status?.errorState?.kind ?? "",
    message: action?.status?.errorState?.message ?? failed?.message ?? progress.reason
  }
}

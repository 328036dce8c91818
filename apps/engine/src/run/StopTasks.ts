/** Stops the tasks of a run that have not ended, within their grace periods. */
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, KubeResource } from "@fairlead/kube"
import { Clock, Duration, Effect } from "effect"
import { isEnded } from "./Progress.ts"
import type { ProgressView } from "./ProgressView.ts"
import { RunPods } from "./RunPods.ts"
import type { BoardEntry, TaskBoard } from "./TaskBoard.ts"

/** Longest grace period that a task gets, whatever its pod asks for. */
const graceMost = Duration.seconds(60)

/** Longest wait for the engine to let go of the objects once their processes have ended. */
const patience = Duration.seconds(10)

/**
 * Deletes what is unfinished, which makes the engine abort it, and returns when its processes have ended: by themselves, or
 * killed after the grace period. Says what was stopped and what is left.
 */
export const stopUnfinished = Effect.fnUntraced(function*(board: TaskBoard, view: ProgressView, why: string) {
  const kube = yield* KubeClient
  const cluster = yield* FakeCluster
  const open = board.list().filter(({ progress }) => !isEnded(progress))
  const started = open.filter(({ progress }) => progress.submittedAt !== undefined)
  board.stopReason = `stopped: ${why}`
  const now = yield* Clock.currentTimeMillis
  for (const entry of open) {
    if (!started.includes(entry)) board.gaveUp(entry.submission.name, "aborted", `never started: ${why}`, now)
  }
  if (started.length === 0) return view.note(`${why}; nothing was running`)
  view.note(`${why}: stopping ${count(started)}, each within its grace period; Ctrl-C once more kills at once`)
  for (const { submission } of started) {
    yield* Effect.ignore(kube.delete(KubeResource.taskActions, { namespace: submission.action.metadata.namespace, name: submission.action.metadata.name ?? "" }))
  }
  yield* cluster.drain(graceMost)
  const gone = Effect.forEach(started, ({ submission }) => board.ended(submission.name), { concurrency: "unbounded", discard: true })
  yield* Effect.timeoutOption(gone, patience)
  for (const line of yield* account(started, board)) view.note(line)
})

const account = Effect.fnUntraced(function*(started: ReadonlyArray<BoardEntry>, board: TaskBoard): Effect.fn.Return<ReadonlyArray<string>, never, RunPods> {
  const pods = yield* RunPods
  const names = (entries: ReadonlyArray<BoardEntry>): string => entries.map(({ submission }) => submission.name).join(", ")
  const killed = started.filter(({ submission }) => pods.wasKilled(submission.action))
  const left = board.list().filter(({ progress, submission }) => !isEnded(progress) && started.some((it) => it.submission === submission))
  return [
    ...(killed.length === 0 ? [] : [`killed when the grace period was over: ${names(killed)}`]),
    left.length === 0 ? `stopped ${count(started)}; nothing is left` : `the engine did not let go of: ${names(left)}; its processes end with this program`
  ]
})

const count = (entries: ReadonlyArray<BoardEntry>): string => `${entries.length} ${entries.length === 1 ? "task" : "tasks"}`

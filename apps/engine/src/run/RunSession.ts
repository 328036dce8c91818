/** Carries out the tasks of a run on a cluster where an engine is at work, and gathers what came of them. */
import { Idl, Literals, LiteralValues, TaskAction } from "@fairlead/core"
import { Datastore, TaskFiles } from "@fairlead/datastore"
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, KubeError, type KubeObject, KubeResource } from "@fairlead/kube"
import { Engine } from "@fairlead/reconciler"
import { Clock, Effect, Option, Semaphore } from "effect"
import type { Submission } from "../tasks/Submission.ts"
import { isEnded } from "./Progress.ts"
import * as ProgressView from "./ProgressView.ts"
import type { TaskResult } from "./Results.ts"
import { RunEvents } from "./RunEvents.ts"
import { type BoardEntry, TaskBoard } from "./TaskBoard.ts"

/** How to carry the tasks out. */
export interface RunSessionOptions {
  readonly submissions: ReadonlyArray<Submission>
  /** Tasks at work at the same time. */
  readonly parallel: number
  /** Milliseconds for the whole run; `undefined` for no limit. */
  readonly timeout: number | undefined
}

/** How long an aborted task may take to go, beyond its own grace period. */
const abortPatience = 40_000
const logLinesMost = 20

/** Runs all tasks to their end. Interrupting it aborts what is unfinished and waits until it is gone. */
export const runSession = Effect.fnUntraced(function*(options: RunSessionOptions) {
  const board = new TaskBoard(options.submissions)
  const view = yield* ProgressView.make(board.progress)
  board.follow(view.change)
  yield* followActions(board)
  yield* makeNamespaces(options.submissions)
  const permits = yield* Semaphore.make(options.parallel)
  const all = Effect.forEach(options.submissions, (submission) => carryOut(board, permits, submission), { concurrency: "unbounded", discard: true })
  const abort = abortUnfinished(board, view)
  if (options.timeout === undefined) yield* Effect.onInterrupt(all, () => abort)
  else {
    const inTime = yield* Effect.onInterrupt(Effect.timeoutOption(all, options.timeout), () => abort)
    if (Option.isNone(inTime)) {
      view.note(`the time limit of ${options.timeout / 1000} s is over: aborting what is unfinished`)
      yield* abort
    }
  }
  return yield* Effect.forEach(board.list(), resultOf)
})

const keyOf = (action: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string => `${action.metadata.namespace}/${action.metadata.name}`

/** Every version of an object that the engine's informer sees goes onto the board. */
const followActions = Effect.fnUntraced(function*(board: TaskBoard) {
  const { actions } = yield* Engine
  const clock = yield* Clock.Clock
  const names = new Map(board.list().map(({ submission }) => [keyOf(submission.action), submission.name]))
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      actions.subscribe(({ object, type }) => {
        const name = names.get(keyOf(object))
        if (name === undefined) return
        const now = clock.currentTimeMillisUnsafe()
        board.observed(name, object as TaskAction.TaskAction, now)
        if (type === "Deleted") board.gaveUp(name, "aborted", "deleted", now)
      })),
    (stop) => Effect.sync(stop)
  )
})

const makeNamespaces = Effect.fnUntraced(function*(submissions: ReadonlyArray<Submission>) {
  const kube = yield* KubeClient
  const namespaces = [...new Set(submissions.map(({ action }) => action.metadata.namespace ?? "default"))].sort()
  for (const name of namespaces) {
    yield* kube.create(KubeResource.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } } as KubeObject).pipe(
      Effect.catch((error) => (KubeError.isReason(error, "AlreadyExists") ? Effect.void : Effect.die(error)))
    )
  }
})

/** Waits for what the task needs, submits it when there is room, and waits for its end. */
const carryOut = Effect.fnUntraced(function*(board: TaskBoard, permits: Semaphore.Semaphore, submission: Submission) {
  const bound = yield* bindReferences(board, submission)
  if (bound === undefined) return
  yield* permits.withPermits(1)(Effect.gen(function*() {
    const kube = yield* KubeClient
    board.submitted(submission.name, yield* Clock.currentTimeMillis)
    const created = yield* Effect.result(kube.create(KubeResource.taskActions, bound as KubeObject))
    if (created._tag === "Failure") {
      return board.gaveUp(submission.name, "failed", created.failure.message, yield* Clock.currentTimeMillis)
    }
    yield* board.ended(submission.name)
  }))
})

/** Puts outputs of other tasks into the inputs; `undefined` when one of them did not succeed. */
const bindReferences = Effect.fnUntraced(function*(board: TaskBoard, submission: Submission) {
  const inputs: Record<string, unknown> = { ...submission.action.spec.task?.inputs }
  for (const { input, output, task } of submission.references) {
    const source = yield* board.ended(task)
    const outputs = source.progress.state === "succeeded" ? yield* outputsOf(source) : undefined
    const literal = outputs?.literals[output]
    if (literal === undefined) {
      const why = source.progress.state === "succeeded" ? `it left no output "${output}"` : `it ${source.progress.state}`
      board.gaveUp(submission.name, "failed", `not started: its input "${input}" comes from "${task}", and ${why}`, yield* Clock.currentTimeMillis)
      return undefined
    }
    inputs[input] = LiteralValues.toValue(literal)
  }
  const { action } = submission
  if (submission.references.length === 0 || action.spec.task === undefined) return action
  return { ...action, spec: { ...action.spec, task: { ...action.spec.task, inputs } } }
})

/** Deletes unfinished tasks, which makes the engine stop their work, and says what is left after a while. */
const abortUnfinished = Effect.fnUntraced(function*(board: TaskBoard, view: ProgressView.ProgressView) {
  const kube = yield* KubeClient
  const now = yield* Clock.currentTimeMillis
  const open = board.list().filter(({ progress }) => !isEnded(progress))
  const started = open.filter(({ progress }) => progress.submittedAt !== undefined)
  for (const { submission } of open.filter(({ progress }) => progress.submittedAt === undefined)) board.gaveUp(submission.name, "aborted", "never started", now)
  if (started.length === 0) return
  view.note(`stopping ${started.length} ${started.length === 1 ? "task" : "tasks"}; each has its grace period`)
  for (const { submission } of started) {
    yield* Effect.ignore(kube.delete(KubeResource.taskActions, { namespace: submission.action.metadata.namespace, name: submission.action.metadata.name ?? "" }))
  }
  const gone = Effect.forEach(started, ({ submission }) => board.ended(submission.name), { concurrency: "unbounded", discard: true })
  yield* Effect.timeoutOption(gone, abortPatience)
  const left = started.filter(({ submission }) => board.list().some((entry) => entry.submission === submission && !isEnded(entry.progress)))
  view.note(left.length === 0 ? "all stopped, nothing is left" : `still running when giving up: ${left.map(({ submission }) => submission.name).join(", ")}`)
}, Effect.uninterruptible)

const outputsOf = Effect.fnUntraced(function*(entry: BoardEntry): Effect.fn.Return<Idl.LiteralMap, never, Datastore | RunEvents> {
  const events = yield* RunEvents
  const folder = events.outputFolder(entry.submission.action)
  if (folder === undefined) return Literals.literalMap({})
  const outputs = yield* Effect.result(TaskFiles.readOutputs(folder))
  return outputs._tag === "Success" ? Option.getOrElse(outputs.success, () => Literals.literalMap({})) : Literals.literalMap({})
})

const resultOf = Effect.fnUntraced(function*(entry: BoardEntry): Effect.fn.Return<TaskResult, never, Datastore | RunEvents | FakeCluster> {
  const { progress } = entry
  const succeeded = progress.state === "succeeded"
  return {
    name: progress.name,
    phase: progress.state,
    attempts: progress.attempts,
    duration: progress.submittedAt === undefined || progress.endedAt === undefined ? undefined : progress.endedAt - progress.submittedAt,
    outputs: succeeded ? LiteralValues.mapToValue(yield* outputsOf(entry)) : {},
    error: succeeded ? undefined : errorOf(entry),
    log: succeeded ? [] : yield* logOf(entry)
  }
})

const errorOf = ({ action, progress }: BoardEntry): TaskResult["error"] => {
  const failed = action?.status?.conditions?.find((it) => it.type === "Failed" && it.status === "True")
  return {
    code: action?.status?.errorState?.code ?? failed?.reason ?? (progress.state === "aborted" ? "Aborted" : "NotStarted"),
    kind: action?.status?.errorState?.kind ?? "",
    message: action?.status?.errorState?.message ?? failed?.message ?? progress.reason
  }
}

/** The last lines that the last attempt's own container wrote. */
const logOf = Effect.fnUntraced(function*({ submission }: BoardEntry): Effect.fn.Return<ReadonlyArray<string>, never, FakeCluster> {
  const cluster = yield* FakeCluster
  const { name, namespace = "default" } = submission.action.metadata
  const pods = cluster.pods()
    .filter((pod) => pod.metadata.namespace === namespace && pod.metadata.ownerReferences?.some((owner) => owner.name === name))
    .sort((a, b) => Number(b.metadata.labels?.["attempt"] ?? 0) - Number(a.metadata.labels?.["attempt"] ?? 0))
  const [last] = pods
  const container = last?.spec?.containers[0]?.name
  if (last === undefined || container === undefined) return []
  const text = yield* cluster.logs(namespace, last.metadata.name ?? "", { container, tailLines: logLinesMost })
  return (text ?? "").split("\n").filter((line) => line !== "")
})

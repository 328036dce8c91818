/** Carries out the tasks of a run on a cluster where an engine is at work, and gathers what came of them. */
import { LiteralValues, type TaskAction } from "@fairlead/core"
import { KubeClient, KubeError, type KubeObject, KubeResource } from "@fairlead/kube"
import { Engine } from "@fairlead/reconciler"
import { Clock, Duration, Effect, Semaphore } from "effect"
import { Machine } from "../Machine.ts"
import type { Submission } from "../tasks/Submission.ts"
import * as ProgressView from "./ProgressView.ts"
import type { TaskResult } from "./Results.ts"
import { stopUnfinished } from "./StopTasks.ts"
import { TaskBoard } from "./TaskBoard.ts"
import { outputsOf, resultOf } from "./TaskOutcome.ts"

/** How to carry the tasks out. */
export interface RunSessionOptions {
  readonly submissions: ReadonlyArray<Submission>
  /** Tasks at work at the same time. */
  readonly parallel: number
  /** Tasks on their way from submission to running at the same time. */
  readonly starting: number
  /** Milliseconds for the whole run; `undefined` for no limit. */
  readonly timeout: number | undefined
}

/** The end of a run. */
export interface RunEnd {
  readonly results: ReadonlyArray<TaskResult>
  /** Set when the user asked for the end: the exit code that tells of it. */
  readonly stopCode: number | undefined
}

/** Why a run ends before its tasks do. */
interface EarlyEnd {
  readonly why: string
  readonly code: number | undefined
}

/** Runs all tasks to their end. When the time is over, or the user asks for it, what is unfinished is stopped. */
export const runSession = Effect.fnUntraced(function*(options: RunSessionOptions) {
  const board = new TaskBoard(options.submissions)
  const view = yield* ProgressView.make(board.progress)
  board.follow(view.change)
  yield* followActions(board)
  yield* makeNamespaces(options.submissions)
  const permits: Permits = { running: yield* Semaphore.make(options.parallel), starting: yield* Semaphore.make(options.starting) }
  const { stopRequested } = yield* Machine
  const all = Effect.forEach(options.submissions, (submission) => carryOut(board, permits, submission), { concurrency: "unbounded", discard: true })
  const early = yield* Effect.raceFirst(Effect.as(all, undefined), earlyEnd(options.timeout, stopRequested))
  if (early !== undefined) yield* stopUnfinished(board, view, early.why)
  const results = yield* Effect.forEach(board.list(), resultOf)
  return { results, stopCode: early?.code } satisfies RunEnd
})

const earlyEnd = (timeout: number | undefined, stopRequested: Effect.Effect<number>): Effect.Effect<EarlyEnd> => {
  const asked = Effect.map(stopRequested, (code): EarlyEnd => ({ why: "you asked for an end", code }))
  if (timeout === undefined) return asked
  const over: EarlyEnd = { why: `the time limit of ${timeout / 1000} s for the run is over`, code: undefined }
  return Effect.timeoutOrElse(asked, { duration: timeout, orElse: () => Effect.succeed(over) })
}

const keyOf = (action: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string => `${action.metadata.namespace}/${action.metadata.name}`

/** Every version of an object that the engine's informer sees goes onto the board. */
const followActions = Effect.fnUntraced(function*(board: TaskBoard) {
  const { actions } = yield* Engine
  yield* actions.synced
  const clock = yield* Clock.Clock
  const names = new Map(board.list().map(({ submission }) => [keyOf(submission.action), submission.name]))
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      actions.subscribe(({ object, type }) => {
        const name = names.get(keyOf(object))
        if (name === undefined) return
        const now = clock.currentTimeMillisUnsafe()
        board.observed(name, object as TaskAction.TaskAction, now)
        if (type === "Deleted") board.gaveUp(name, "aborted", board.stopReason ?? "its TaskAction was deleted", now)
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

interface Permits {
  readonly running: Semaphore.Semaphore
  readonly starting: Semaphore.Semaphore
}

/** A task that takes longer to start waits for something, and does not keep the next one from starting. */
const startPatience = Duration.millis(200)

/**
 * Waits for what the task needs, submits it when there is room, and waits for its end. All of the work between submission
 * and start is done by one processor: few tasks at a time start sooner, and the last one no later.
 */
const carryOut = Effect.fnUntraced(function*(board: TaskBoard, permits: Permits, submission: Submission) {
  const bound = yield* bindReferences(board, submission)
  if (bound === undefined) return
  yield* permits.running.withPermits(1)(Effect.gen(function*() {
    yield* permits.starting.withPermits(1)(submit(board, submission, bound))
    yield* board.ended(submission.name)
  }))
})

const submit = Effect.fnUntraced(function*(board: TaskBoard, { name }: Submission, action: TaskAction.TaskAction) {
  const kube = yield* KubeClient
  // An earlier part of the run handed it over already.
  if (board.isObserved(name)) return
  board.submitted(name, yield* Clock.currentTimeMillis)
  const created = yield* Effect.result(kube.create(KubeResource.taskActions, action as KubeObject))
  if (created._tag === "Failure") return board.gaveUp(name, "failed", created.failure.message, yield* Clock.currentTimeMillis)
  yield* Effect.timeoutOption(board.started(name), startPatience)
})

/** Puts outputs of other tasks into the inputs; `undefined` when one of them did not succeed. */
const bindReferences = Effect.fnUntraced(function*(board: TaskBoard, submission: Submission) {
  const inputs: Record<string, unknown> = { ...submission.action.spec.task?.inputs }
  for (const { input, output, task } of submission.references) {
    const source = yield* board.ended(task)
    const outputs = source.progress.state === "succeeded" ? yield* outputsOf(source) : undefined
    const literal = outputs?.literals[output]
    if (literal === undefined) {
      const state = source.progress.state === "aborted" ? "was aborted" : source.progress.state
      const why = state === "succeeded" ? `it left no output "${output}"` : `it ${state}`
      board.gaveUp(submission.name, "failed", `not started: its input "${input}" comes from "${task}", and ${why}`, yield* Clock.currentTimeMillis)
      return undefined
    }
    inputs[input] = LiteralValues.toValue(literal)
  }
  const { action } = submission
  if (submission.references.length === 0 || action.spec.task === undefined) return action
  return { ...action, spec: { ...action.spec, task: { ...action.spec.task, inputs } } }
})

/** Takes commands back, wherever they are: in the queue, behind another run of their task, or with a pod. */
import { Deferred, Effect, Exit } from "effect"
import { type TaskKey, textOfKey } from "../TaskKey.ts"
import type { Chores } from "./chores.ts"
import type { ExecutorState } from "./executorState.ts"

export interface RevokeContext {
  readonly state: ExecutorState
  readonly chores: Chores
  readonly hasBegun: (key: TaskKey) => Effect.Effect<boolean>
}

const unlaunched = "it was taken back before it was launched"

/** How long whoever takes a run back waits for the mark on its pod. From then on the next process deletes the pod, should this one die. */
const markedWithin = "5 seconds"

/** All runs of the key, or the one of this id alone. Answers whether there was one, and whether it could still be taken back. */
export const revoke = ({ chores, hasBegun, state }: RevokeContext, key: TaskKey, runId: string | undefined): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const isMeant = (id: string | undefined): boolean => runId === undefined || id === runId
    const queued = state.queuedTasks.get(textOfKey(key))
    const wasQueued = queued !== undefined && isMeant(queued.runId)
    if (wasQueued) state.unqueue(key, unlaunched)
    const run = state.runs.ofKey(key)
    const waits = run?.next !== undefined && isMeant(run.next.runId)
    if (waits) state.dropNext(run, unlaunched)
    if (run === undefined || !isMeant(run.runId)) return Effect.succeed(wasQueued || waits)
    return Effect.flatMap(hasBegun(key), (begun) => {
      // Between the decision and now the task may have begun; then it is left to end by itself.
      if (begun) return Effect.succeed(false)
      run.isRevoked = true
      const pod = run.stage !== "Waiting" && run.podName !== "" ? { namespace: run.namespace, name: run.podName, uid: run.uid } : undefined
      const marked = Deferred.makeUnsafe<void>()
      if (pod !== undefined) chores.add({ _tag: "Revoke", pod, unless: hasBegun(key), onMarked: () => Deferred.doneUnsafe(marked, Exit.void) })
      state.conclude(run, { state: null, isTold: false, change: "revoked" })
      return pod === undefined ? Effect.succeed(true) : Effect.as(Effect.timeoutOption(Deferred.await(marked), markedWithin), true)
    })
  })

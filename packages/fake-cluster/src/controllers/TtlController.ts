/** Deletes jobs some time after they have ended, where they ask for it. */
import { Controller, Result, Source } from "@fairlead/controller"
import { type Job, KubeResource } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { isFinished, statusCondition } from "../internal/jobs/jobView.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

/** When the job is to be deleted; `undefined` while it goes on or when it is to stay. */
export const expiresAt = (job: Job): number | undefined => {
  const seconds = job.spec?.ttlSecondsAfterFinished
  if (seconds === undefined || job.metadata.deletionTimestamp !== undefined || !isFinished(job)) return undefined
  const condition = statusCondition(job, "Complete") ?? statusCondition(job, "Failed")
  return Date.parse(condition!.lastTransitionTime!) + seconds * 1000
}

/** Runs until interrupted. */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const jobs = setting.follow<Job>(KubeResource.jobs)
  return Controller.run({
    name: "ttl-after-finished",
    workers: 5,
    shutdownTimeout: 0,
    queue,
    sources: [Source.of(jobs, { predicate: ({ object, type }) => type !== "Deleted" && object.spec?.ttlSecondsAfterFinished !== undefined })],
    reconcile: Effect.fnUntraced(function*({ name, namespace }) {
      const job = jobs.store.get(namespace, name)
      const at = job === undefined ? undefined : expiresAt(job)
      if (job === undefined || at === undefined) return Result.done
      const now = yield* Clock.currentTimeMillis
      if (at > now) return Result.requeueAfter(at - now)
      yield* unlessGone(setting.client.delete(KubeResource.jobs, { namespace, name }, { propagationPolicy: "Foreground", preconditions: { uid: job.metadata.uid! } }))
      return Result.done
    })
  })
}

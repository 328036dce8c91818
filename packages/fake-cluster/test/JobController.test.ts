import { type Job, KubeClient, KubeResource, type Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster } from "../src/index.ts"
import type { PodRuntimeScripted } from "../src/index.ts"
import { eventsOf, find, scripted, simulate } from "./world.ts"

const jobOf = (spec: Partial<Job["spec"] & object>, script: PodRuntimeScripted.PodScript = { default: { run: "5 seconds" } }, podSpec: object = {}): Job => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "j", namespace: "default" },
  spec: { template: { metadata: scripted(script), spec: { restartPolicy: "Never", containers: [{ name: "main", image: "i" }], ...podSpec } }, ...spec }
} as Job)

const create = (job: Job) => Effect.flatMap(KubeClient, (client) => client.create<Job>(KubeResource.jobs, job))
const patch = (body: object) => Effect.flatMap(KubeClient, (client) => client.patch<Job>(KubeResource.jobs, { namespace: "default", name: "j" }, "merge", body))
const job = Effect.map(find<Job>(KubeResource.jobs, "j"), (it) => it!)
const pods = Effect.map(FakeCluster, (cluster) => cluster.pods())
const events = eventsOf("Job", "j")
const conditions = ({ status }: Job) => (status?.conditions ?? []).map(({ reason, status: value, type }) => `${type}=${value} ${reason}`)

describe("a job", () => {
  it("runs its pods a few at a time, counts them and completes", () => {
    simulate(Effect.gen(function*() {
      yield* create(jobOf({ completions: 3, parallelism: 2 }))
      yield* Effect.sleep("2 seconds")
      expect((yield* job).status).toMatchObject({ active: 2, ready: 2, startTime: "2026-01-01T00:00:00Z", terminating: 0, uncountedTerminatedPods: {} })
      const [pod] = yield* pods
      expect(pod?.metadata).toMatchObject({
        generateName: "j-",
        finalizers: ["batch.kubernetes.io/job-tracking"],
        labels: { "batch.kubernetes.io/job-name": "j", "job-name": "j" },
        ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "j", controller: true, blockOwnerDeletion: true }]
      })
      yield* Effect.sleep("20 seconds")
      const done = yield* job
      expect(done.status).toMatchObject({ succeeded: 3, ready: 0, terminating: 0, completionTime: "2026-01-01T00:00:10Z" })
      expect(done.status).not.toHaveProperty("active")
      expect(conditions(done)).toEqual(["SuccessCriteriaMet=True CompletionsReached", "Complete=True CompletionsReached"])
      expect((yield* pods).map((it) => it.metadata.finalizers)).toEqual([undefined, undefined, undefined])
      expect((yield* events).map((it) => it.replace(/j-\w+/, "j-x"))).toEqual([
        "Normal SuccessfulCreate Created pod: j-x", "Normal SuccessfulCreate Created pod: j-x", "Normal SuccessfulCreate Created pod: j-x", "Normal Completed Job completed"
      ])
    }))
  })

  it("replaces failed pods ever later until its limit is reached", () => {
    simulate(Effect.gen(function*() {
      yield* create(jobOf({ backoffLimit: 2 }, { default: { run: "1 second", exitCode: 3 } }))
      yield* Effect.sleep("2 minutes")
      const done = yield* job
      expect(done.status?.failed).toBe(3)
      expect(conditions(done)).toEqual(["FailureTarget=True BackoffLimitExceeded", "Failed=True BackoffLimitExceeded"])
      // 1 s of run, 10 s of waiting, 1 s of run, 20 s of waiting, 1 s of run.
      expect((yield* pods).map((it) => it.status?.startTime?.slice(14, 19))).toEqual(["00:00", "00:11", "00:32"])
      expect((yield* events).at(-1)).toBe("Warning BackoffLimitExceeded Job has reached the specified backoff limit")
    }))
  })

  it("with indexes tells each pod its own, and lists those that are done", () => {
    simulate(Effect.gen(function*() {
      yield* create(jobOf({ completions: 4, parallelism: 4, completionMode: "Indexed" }))
      yield* Effect.sleep("2 seconds")
      const all = yield* pods
      expect(all.map((it) => it.metadata.annotations?.["batch.kubernetes.io/job-completion-index"])).toEqual(["0", "1", "2", "3"])
      expect(all[2]?.metadata.name).toMatch(/^j-2-\w{5}$/)
      expect(all[2]?.spec).toMatchObject({
        hostname: "j-2",
        containers: [{ env: [{ name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" } } }] }]
      })
      yield* Effect.sleep("5 seconds")
      expect((yield* job).status).toMatchObject({ succeeded: 4, completedIndexes: "0-3" })
    }))
  })

  it("with a limit for each index goes on with the others and fails in the end", () => {
    simulate(Effect.gen(function*() {
      yield* create(jobOf({ completions: 2, parallelism: 2, completionMode: "Indexed", backoffLimitPerIndex: 1 }, { default: { run: "1 second", exitCode: 1 } }))
      yield* Effect.sleep("1 minute")
      const done = yield* job
      expect(done.status).toMatchObject({ failed: 4, failedIndexes: "0,1" })
      expect(conditions(done).at(-1)).toBe("Failed=True FailedIndexes")
      expect((yield* pods).map((it) => it.metadata.annotations?.["batch.kubernetes.io/job-index-failure-count"]).sort()).toEqual(["0", "0", "1", "1"])
    }))
  })

  it("follows its policies for failures and for success", () => {
    simulate(Effect.gen(function*() {
      const rules = [{ action: "FailJob", onExitCodes: { operator: "In", values: [42] } }]
      yield* create(jobOf({ parallelism: 2, completions: 2, podFailurePolicy: { rules } as never }, { default: { run: "1 second", exitCode: 42 } }))
      yield* Effect.sleep("10 seconds")
      const failed = yield* job
      expect(conditions(failed)).toEqual(["FailureTarget=True PodFailurePolicy", "Failed=True PodFailurePolicy"])
      expect(failed.status?.conditions?.[1]?.message).toMatch(/^Container main for pod default\/j-\w{5} failed with exit code 42 matching FailJob rule at index 0$/)
    }))
    simulate(Effect.gen(function*() {
      yield* create(jobOf({ parallelism: 1, completions: 3, completionMode: "Indexed", successPolicy: { rules: [{ succeededIndexes: "0" }] } }))
      yield* Effect.sleep("20 seconds")
      const done = yield* job
      expect(conditions(done)).toEqual(["SuccessCriteriaMet=True SuccessPolicy", "Complete=True SuccessPolicy"])
      expect(done.status?.succeeded).toBe(1)
    }))
  })

  it("ends its pods when its deadline has passed", () => {
    simulate(Effect.gen(function*() {
      yield* create(jobOf({ activeDeadlineSeconds: 10 }, { default: { run: "forever" } }))
      yield* Effect.sleep("1 minute")
      expect(conditions(yield* job)).toEqual(["FailureTarget=True DeadlineExceeded", "Failed=True DeadlineExceeded"])
      expect((yield* job).status).toMatchObject({ failed: 1, ready: 0, terminating: 0 })
      expect(yield* pods).toEqual([])
    }))
  })

  it("loses its pods while it is suspended and starts anew afterwards", () => {
    simulate(Effect.gen(function*() {
      yield* create(jobOf({}, { default: { run: "20 seconds" } }))
      yield* Effect.sleep("5 seconds")
      yield* patch({ spec: { suspend: true } })
      yield* Effect.sleep("5 seconds")
      expect(conditions(yield* job)).toEqual(["Suspended=True JobSuspended"])
      expect(yield* pods).toEqual([])
      yield* patch({ spec: { suspend: false } })
      yield* Effect.sleep("5 seconds")
      expect(conditions(yield* job)).toEqual(["Suspended=False JobResumed"])
      expect((yield* job).status).toMatchObject({ active: 1, startTime: "2026-01-01T00:00:10Z" })
    }))
  })

  it("lets its pods go when it is deleted without them", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* create(jobOf({}, { default: { run: "forever" } }))
      yield* Effect.sleep("2 seconds")
      yield* client.delete(KubeResource.jobs, { namespace: "default", name: "j" }, { propagationPolicy: "Background" })
      yield* Effect.sleep("1 minute")
      expect((yield* client.list<Pod>(KubeResource.pods, "default")).items).toEqual([])
    }))
  })

  it("that somebody else looks after is left alone", () => {
    simulate(Effect.gen(function*() {
      yield* create(jobOf({ managedBy: "example.com/me" }))
      yield* Effect.sleep("5 seconds")
      expect(yield* pods).toEqual([])
      expect((yield* job).status).toEqual({})
    }))
  })
})

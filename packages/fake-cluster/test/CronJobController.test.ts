import { type CronJob, type Job, KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { eventsOf, find, scripted, simulate } from "./world.ts"

const create = (spec: Partial<CronJob["spec"] & object>, run: "10 seconds" | "10 minutes" = "10 seconds") =>
  Effect.flatMap(KubeClient, (client) => client.create<CronJob>(KubeResource.cronJobs, {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "c", namespace: "default" },
    spec: {
      schedule: "*/1 * * * *",
      jobTemplate: { spec: { template: { metadata: scripted({ default: { run } }) as never, spec: { restartPolicy: "Never", containers: [{ name: "main", image: "i" }] } } } },
      ...spec
    }
  }))
const cronJob = Effect.map(find<CronJob>(KubeResource.cronJobs, "c"), (it) => it!)
const jobs = Effect.flatMap(KubeClient, (client) => Effect.map(client.list<Job>(KubeResource.jobs, "default"), ({ items }) => items))
const firstMinute = Date.UTC(2026, 0, 1) / 60_000

describe("a cron job", () => {
  it("starts a job each minute and keeps three that went well", () => {
    simulate(Effect.gen(function*() {
      yield* create({ timeZone: "Asia/Kolkata" })
      yield* Effect.sleep("65 seconds")
      const [job] = yield* jobs
      expect(job?.metadata).toMatchObject({
        name: `c-${firstMinute + 1}`,
        annotations: { "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T05:31:00+05:30" },
        ownerReferences: [{ kind: "CronJob", name: "c", controller: true }]
      })
      expect((yield* cronJob).status).toMatchObject({ lastScheduleTime: "2026-01-01T00:01:00Z", active: [{ kind: "Job", name: `c-${firstMinute + 1}` }] })
      yield* Effect.sleep("5 minutes")
      expect((yield* jobs).length).toBe(4)
      yield* Effect.sleep("30 seconds")
      expect((yield* jobs).map((it) => it.metadata.name)).toEqual([4, 5, 6].map((it) => `c-${firstMinute + it}`))
      expect((yield* cronJob).status).toMatchObject({ lastSuccessfulTime: "2026-01-01T00:06:10Z" })
      expect((yield* cronJob).status).not.toHaveProperty("active")
      expect(yield* eventsOf("CronJob", "c")).toContain(`Normal SawCompletedJob Saw completed job: c-${firstMinute + 1}, condition: Complete`)
    }))
  })

  it.each([["Allow", 3], ["Forbid", 1], ["Replace", 1]] as const)("with the policy %s has %i jobs at once", (concurrencyPolicy, most) => {
    simulate(Effect.gen(function*() {
      yield* create({ concurrencyPolicy }, "10 minutes")
      yield* Effect.sleep("190 seconds")
      expect((yield* cronJob).status?.active?.length).toBe(most)
      expect((yield* jobs).length).toBe(most)
      const latest = (yield* cronJob).status?.active?.at(-1)?.name
      expect(latest).toBe(`c-${firstMinute + (concurrencyPolicy === "Forbid" ? 1 : 3)}`)
    }))
  })

  it("that is suspended starts nothing", () => {
    simulate(Effect.gen(function*() {
      yield* create({ suspend: true })
      yield* Effect.sleep("5 minutes")
      expect(yield* jobs).toEqual([])
    }))
  })
})

describe("a job with a time to live", () => {
  it("goes with its pods that long after its end", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      const template = { metadata: scripted({ default: { run: "5 seconds" } }) as never, spec: { restartPolicy: "Never", containers: [{ name: "main", image: "i" }] } }
      yield* client.create<Job>(KubeResource.jobs, { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j", namespace: "default" }, spec: { ttlSecondsAfterFinished: 20, template } })
      yield* Effect.sleep("24 seconds")
      expect((yield* jobs).length).toBe(1)
      yield* Effect.sleep("2 seconds")
      expect(yield* jobs).toEqual([])
      expect((yield* client.list(KubeResource.pods, "default")).items).toEqual([])
    }))
  })
})

import type { Job, Pod } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { noBackOff } from "../../src/internal/jobs/jobBackOff.ts"
import { planPods } from "../../src/internal/jobs/jobPods.ts"
import { type JobSpec, viewOf } from "../../src/internal/jobs/jobView.ts"

const now = Date.UTC(2026, 0, 1, 0, 10)
const finalizers = ["batch.kubernetes.io/job-tracking"]
let count = 0

const pod = (phase: string, index?: number, more: object = {}): Pod => ({
  metadata: {
    name: `p-${++count}`, namespace: "n", uid: `u-${count}`, finalizers, creationTimestamp: "2026-01-01T00:00:00Z",
    annotations: index === undefined ? {} : { "batch.kubernetes.io/job-completion-index": String(index) }, ...more
  },
  spec: { containers: [] },
  status: { phase }
})
const jobOf = (spec: Partial<JobSpec>, status: Job["status"] = {}): Job => ({
  metadata: { name: "j", namespace: "n", uid: "j" },
  spec: { parallelism: 1, backoffLimit: 6, template: { spec: { containers: [], restartPolicy: "Never" } }, ...spec },
  status: { startTime: "2026-01-01T00:00:00Z", ...status }
})
const planOf = (spec: Partial<JobSpec>, pods: ReadonlyArray<Pod>, status: Job["status"] = {}): string => {
  const plan = planPods(viewOf(jobOf(spec, status), pods, noBackOff, now))
  switch (plan._tag) {
    case "Nothing": return "nothing"
    case "Wait": return `wait ${plan.millis / 1000} s`
    case "Delete": return `delete ${plan.pods.length}`
    case "Create": return `create ${plan.indexes.map((it) => it ?? "any").join(" ")}`
  }
}
const indexed = { completionMode: "Indexed", completions: 3, parallelism: 3 }
const leaving = { deletionTimestamp: "2026-01-01T00:09:00Z" }

describe("the next pods of a job", () => {
  it.each([
    ["all at once, up to the parallelism", { completions: 5, parallelism: 2 }, [], {}, "create any any"],
    ["no more than what is left", { completions: 3, parallelism: 3 }, [pod("Running")], { succeeded: 1 }, "create any"],
    ["none after the last", { completions: 1 }, [], { succeeded: 1 }, "nothing"],
    ["without a number: as many as may run until one succeeds", { parallelism: 2 }, [pod("Running")], {}, "create any"],
    ["and then no new ones", { parallelism: 2 }, [pod("Running"), pod("Succeeded")], {}, "nothing"],
    ["fewer, when fewer may run", { completions: 5, parallelism: 1 }, [pod("Running"), pod("Pending")], {}, "delete 1"],
    ["none while it is suspended", { suspend: true }, [pod("Running")], {}, "delete 1"],
    ["a replacement, after a while", {}, [pod("Failed")], {}, "wait 10 s"],
    ["a replacement for one that leaves, at the cost of a failure", { completions: 1 }, [pod("Running", undefined, leaving)], {}, "create any"],
    ["no replacement before the end, if so asked", { completions: 1, podReplacementPolicy: "Failed" }, [pod("Running", undefined, leaving)], {}, "nothing"],
    ["the indexes that are missing", indexed, [pod("Running", 1)], {}, "create 0 2"],
    ["not those that are done", indexed, [], { completedIndexes: "0,2", succeeded: 2 }, "create 1"],
    ["one for each index", indexed, [pod("Running", 0), pod("Pending", 0), pod("Running", 1), pod("Running", 2)], {}, "delete 1"],
    ["none beyond the last index", { ...indexed, completions: 1, parallelism: 1 }, [pod("Running", 0), pod("Running", 7)], {}, "delete 1"],
    ["each index after its own failures", { ...indexed, backoffLimitPerIndex: 2 }, [pod("Failed", 0)], {}, "create 1 2"]
  ] as ReadonlyArray<readonly [string, Partial<JobSpec>, ReadonlyArray<Pod>, Job["status"], string]>)("are %s", (_, spec, pods, status, expected) => {
    expect(planOf(spec, pods, status)).toBe(expected)
  })
})

import type { Pod } from "@fairlead/kube"
import { expect, it } from "vitest"
import { newRun } from "../../src/internal/executorState.ts"
import { RunTable } from "../../src/internal/runTable.ts"
import { keyOf, words } from "../support/world.ts"

const job = { key: keyOf("a"), command: words(), podOverride: undefined, podTemplateFile: undefined, executorConfig: undefined, image: undefined, queue: "", priority: 0 }
const podOf = (uid: string, launch: string, run = "r"): Pod => ({ metadata: { name: uid, namespace: "default", uid, annotations: { "fairlead.dev/airflow-run": run, "fairlead.dev/airflow-launch": launch } } }) as Pod

it("a pod is matched by its UID, and before that is known by run and launch; never by the run alone", () => {
  const table = new RunTable()
  const run = newRun(job, "r", "default", 0)
  table.add(run)
  expect(table.match(podOf("early", "0"))).toBeUndefined()
  run.stage = "Creating"
  expect([table.match(podOf("other", "0", "x")), table.match(podOf("next", "1")), table.match(podOf("first", "0"))]).toEqual([undefined, undefined, run])
  expect([run.uid, table.match(podOf("twin", "0")), table.match(podOf("first", "0"))]).toEqual(["first", undefined, run])
  table.unbind(run)
  run.stage = "Creating"
  expect([table.match(podOf("first", "0")), table.match(podOf("second", "1"))]).toEqual([undefined, run])
})

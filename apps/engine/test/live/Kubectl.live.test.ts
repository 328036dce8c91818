import { describe } from "vitest"
import { has, it, type Program } from "./Program.ts"

describe("kubectl", { timeout: 180_000 }, () => {
  it.skipIf(!has("kubectl"))("applies a task of the quickstart, watches it run, and reads what came of it [needs kubectl]", async ({ expect, live }) => {
    const folder = live.folder()
    const dev = live.fairlead(["dev"], { cwd: folder })
    const [, kubeconfig = ""] = await dev.until(/^kubeconfig: (.*)\nready: https/m)
    // No cache of discovery from other clusters, and none left behind.
    const kubectl = (...args: ReadonlyArray<string>): Program => live.start("kubectl", args, { env: { KUBECONFIG: kubeconfig, HOME: folder } })
    const apply = () => kubectl("apply", "-f", "fixtures/quickstart/sum.yaml").ended

    const watch = kubectl("get", "taskactions", "-w")
    const created = await apply()
    expect(created.stderr).toBe("")
    expect(created.stdout).toBe("taskaction.flyte.org/demo-sum created\n")
    await watch.until(/^NAME +RUN +ACTION +TASKTYPE +STATUS +AGE\n(demo-sum .*\n)*demo-sum +demo +sum +container +Completed +\d+s$/m)
    expect((await apply()).stdout).toBe("taskaction.flyte.org/demo-sum unchanged\n")

    expect((await kubectl("get", "pods").ended).stdout).toMatch(/^demo-sum-0 +0\/2 +Completed +0 +\d+s$/m)
    expect((await kubectl("get", "events", "--field-selector", "reason=Scheduled").ended).stdout).toContain("Successfully assigned default/demo-sum-0 to node-1")
    expect((await kubectl("explain", "taskaction.spec.task.retries").ended).stdout).toContain("Further attempts after a failure by the task itself")

    const refused = await kubectl("apply", "-f", "fixtures/quickstart/hello.yaml").ended
    expect(refused.code).not.toBe(0)
    expect((await kubectl("delete", "-f", "fixtures/quickstart/sum.yaml").ended).stdout).toMatch(/^taskaction\.flyte\.org "demo-sum" deleted/)
  })
})

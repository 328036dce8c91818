import { expect, it, describe } from "vitest"
import { logOf, startCluster, statusUrl, until, untilLogged } from "./processes.ts"

const named = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `n${index}`)
const runs = (names: ReadonlyArray<string>): ReadonlyArray<string> => names.map((it) => `run-${it}`).toSorted()

describe.concurrent("engines in processes of their own", () => {
  it("an engine that is killed in the middle and started again ends every task once, with one pod each", async () => {
    const cluster = await startCluster(300)
    try {
      const names = named(40)
      const first = cluster.engine({ ENGINE_WORKERS: "4", KUBERNETES_REQUESTS_PER_SECOND: "40", KUBERNETES_REQUEST_BURST: "1" })
      await untilLogged(first, "holds the lease")
      await cluster.submit(names)
      await until("some tasks ended", 30, () => (cluster.ended().length >= 10 ? true : undefined))
      first.child.kill("SIGKILL")
      await first.exited
      expect(cluster.ended().length).toBeLessThan(40)
      const second = cluster.engine()
      await until("all tasks ended", 40, () => (cluster.ended().length >= 40 ? true : undefined))
      expect(cluster.ended().toSorted()).toEqual(runs(names))
      expect([...cluster.podsOf().keys()].toSorted()).toEqual(names.toSorted())
      expect([...cluster.podsOf().values()].every((pods) => pods.length === 1)).toBe(true)
      expect(logOf(second).filter((it) => it.level === "ERROR")).toEqual([])
    } finally {
      await cluster.close()
    }
  }, 90_000)

  it("a standby is ready, takes over when the leader is killed, and no task runs twice", async () => {
    const cluster = await startCluster(300)
    try {
      const names = named(40)
      const slow = { ENGINE_WORKERS: "4", KUBERNETES_REQUESTS_PER_SECOND: "40", KUBERNETES_REQUEST_BURST: "1" }
      const leader = cluster.engine(slow)
      await untilLogged(leader, "holds the lease")
      const standby = cluster.engine()
      const status = await statusUrl(standby)
      await until("a standby that is ready", 20, async () => ((await fetch(`${status}/readyz`)).ok ? true : undefined))
      expect(await (await fetch(`${status}/metrics`)).text()).toMatch(/leader_election_master_status\{name="fairlead-engine"\} 0/)
      await cluster.submit(names)
      await until("some tasks ended", 30, () => (cluster.ended().length >= 10 ? true : undefined))
      leader.child.kill("SIGKILL")
      const killedAt = performance.now()
      expect(standby.lines.some((it) => it.includes("holds the lease"))).toBe(false)
      await untilLogged(standby, "holds the lease")
      const took = performance.now() - killedAt
      await until("all tasks ended", 40, () => (cluster.ended().length >= 40 ? true : undefined))
      // The lease of 3 s runs from its last renewal, and candidates look every 0.5 s to 1.1 s.
      expect(took).toBeGreaterThan(2000)
      expect(took).toBeLessThan(8000)
      console.info(`takeover after SIGKILL: ${Math.round(took)} ms; all done ${Math.round(performance.now() - killedAt)} ms after it`)
      expect(cluster.ended().toSorted()).toEqual(runs(names))
      expect([...cluster.podsOf().values()].every((pods) => pods.length === 1)).toBe(true)
    } finally {
      await cluster.close()
    }
  }, 90_000)

  it("an engine that is told to stop gives its lease back, ends with 0, and the other goes on at once", async () => {
    const cluster = await startCluster(300)
    try {
      const leader = cluster.engine()
      await untilLogged(leader, "holds the lease")
      const standby = cluster.engine()
      const status = await statusUrl(standby)
      await until("a standby that is ready", 20, async () => ((await fetch(`${status}/readyz`)).ok ? true : undefined))
      await cluster.submit(named(5))
      leader.child.kill("SIGTERM")
      const toldAt = performance.now()
      await untilLogged(standby, "holds the lease")
      console.info(`takeover after SIGTERM: ${Math.round(performance.now() - toldAt)} ms`)
      expect(await leader.exited).toBe(0)
      expect(leader.lines.at(-1)).toContain("has stopped")
      await until("all tasks ended", 30, () => (cluster.ended().length >= 5 ? true : undefined))
      const metrics = await (await fetch(`${status}/metrics`)).text()
      expect(metrics).toMatch(/leader_election_master_status\{name="fairlead-engine"\} 1/)
      expect(metrics).toMatch(/taskaction_transitions_total\{phase="PhaseSuccess"\} \d/)
      expect(metrics).toMatch(/rest_client_requests_total\{[^}]*verb="patch"[^}]*\} \d/)
      expect(await (await fetch(`${status}/livez`)).text()).toMatch(/\[\+\]lease fairlead-engine ok/)
      expect((await fetch(`${status}/nothing`)).status).toBe(404)
    } finally {
      await cluster.close()
    }
  }, 90_000)
})

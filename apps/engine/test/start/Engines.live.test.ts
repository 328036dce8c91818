import { KubeResource } from "@fairlead/kube"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "vitest"
import { logOf, manifest, startCluster, statusUrl, taskAction, until, untilLogged } from "./processes.ts"

const named = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `n${index}`)
const runs = (names: ReadonlyArray<string>): ReadonlyArray<string> => names.map((it) => `run-${it}`).toSorted()

/** What a collector is told of a span. */
interface CollectedSpan {
  readonly name: string
  readonly service: string | undefined
  readonly attributes: { readonly [key: string]: unknown }
}
interface OtlpAttribute {
  readonly key: string
  readonly value: { readonly [type: string]: unknown }
}
interface OtlpTraces {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: ReadonlyArray<OtlpAttribute> }
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<{ readonly name: string; readonly attributes: ReadonlyArray<OtlpAttribute> }> }>
  }>
}
const attributesOf = (list: ReadonlyArray<OtlpAttribute>) => Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]))

/** A collector of traces by OTLP over HTTP. */
const startCollector = async () => {
  const bodies: Array<OtlpTraces> = []
  let headers: IncomingHttpHeaders = {}
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (piece: Buffer) => void (body += piece.toString()))
    request.on("end", () => {
      headers = request.headers
      if (request.url === "/v1/traces") bodies.push(JSON.parse(body) as OtlpTraces)
      response.end("{}")
    })
  })
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    spans: (): ReadonlyArray<CollectedSpan> => bodies.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map(({ attributes, name }) => ({ name, attributes: attributesOf(attributes), service: attributesOf(resource.attributes)["service.name"] as string | undefined }))))),
    headers: () => headers,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

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
      // The lease of 5 s runs from its last renewal, and candidates look every 0.5 s to 1.1 s.
      expect(took).toBeGreaterThan(4000)
      expect(took).toBeLessThan(20_000)
      console.info(`takeover after SIGKILL: ${Math.round(took)} ms; all done ${Math.round(performance.now() - killedAt)} ms after it`)
      expect(cluster.ended().toSorted()).toEqual(runs(names))
      expect([...cluster.podsOf().values()].every((pods) => pods.length === 1)).toBe(true)
    } finally {
      await cluster.close()
    }
  }, 90_000)

  it("engines that share the actions work side by side; when one is killed the other takes its shares, and no task runs twice", async () => {
    const cluster = await startCluster(300)
    try {
      const names = named(40)
      const shared = { ENGINE_WORKERS: "4", KUBERNETES_REQUESTS_PER_SECOND: "40", KUBERNETES_REQUEST_BURST: "1", LEADER_ELECTION_SHARES: "6" }
      const engines = [cluster.engine(shared), cluster.engine(shared)] as const
      const urls = await Promise.all(engines.map(statusUrl))
      const held = async (url: string) => Number(/sharding_shards_held\{.*\} (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1] ?? "0")
      await until("shares for both", 30, async () => ((await Promise.all(urls.map(held))).every((it) => it === 3) ? true : undefined))
      await cluster.submit(names)
      await until("some tasks ended", 30, () => (cluster.ended().length >= 10 ? true : undefined))
      engines[0].child.kill("SIGKILL")
      await until("all tasks ended", 40, () => (cluster.ended().length >= 40 ? true : undefined))
      expect(await held(urls[1]!)).toBe(6)
      expect(cluster.ended().toSorted()).toEqual(runs(names))
      expect([...cluster.podsOf().values()].every((pods) => pods.length === 1)).toBe(true)
      expect(logOf(engines[1]).filter((it) => it.level === "ERROR")).toEqual([])
    } finally {
      await cluster.close()
    }
  }, 90_000)

  it("an engine that is told to stop gives its lease back, ends with 0, and the other goes on at once; both tell a collector of their rounds", async () => {
    const cluster = await startCluster(300)
    const collector = await startCollector()
    try {
      const traces = { TRACES_URL: collector.url, TRACES_HEADERS: "{ x-team: blue }" }
      const leader = cluster.engine(traces)
      await untilLogged(leader, "holds the lease")
      const standby = cluster.engine(traces)
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
      const rounds = (name: string) => collector.spans().filter((it) => it.name === "Controller.reconcile" && it.attributes["k8s.object.name"] === `run-${name}`)
      await until("spans of every action's rounds", 15, () => (named(5).every((name) => rounds(name).length > 0) ? true : undefined))
      expect(rounds("n0")[0]).toMatchObject({ service: "fairlead", attributes: { controller: "taskaction", "k8s.namespace.name": "default" } })
      expect(collector.headers()["x-team"]).toBe("blue")
    } finally {
      collector.close()
      await cluster.close()
    }
  }, 90_000)

  it("an API server that answers nobody for a while costs time and nothing else", async () => {
    const cluster = await startCluster(300)
    try {
      const names = named(40)
      const engine = cluster.engine({ LEADER_ELECTION_ENABLED: "false", ENGINE_WORKERS: "4", KUBERNETES_REQUESTS_PER_SECOND: "40", KUBERNETES_REQUEST_BURST: "1" })
      await statusUrl(engine)
      await cluster.submit(names)
      await until("some tasks ended", 30, () => (cluster.ended().length >= 5 ? true : undefined))
      await cluster.freeze(5000)
      expect(cluster.ended().length).toBeLessThan(40)
      await until("all tasks ended", 60, () => (cluster.ended().length >= 40 ? true : undefined))
      expect(cluster.ended().toSorted()).toEqual(runs(names))
      expect([...cluster.podsOf().values()].every((pods) => pods.length === 1)).toBe(true)
      expect(logOf(engine).filter((it) => it.level === "ERROR")).toEqual([])
      expect(engine.child.exitCode).toBeNull()
    } finally {
      await cluster.close()
    }
  }, 120_000)

  it("a leader that was frozen for longer than its lease ends with 1, and no task runs twice", async () => {
    const cluster = await startCluster(300)
    try {
      const names = named(20)
      const leader = cluster.engine({ ENGINE_WORKERS: "4", KUBERNETES_REQUESTS_PER_SECOND: "40", KUBERNETES_REQUEST_BURST: "1" })
      await untilLogged(leader, "holds the lease")
      const standby = cluster.engine()
      const status = await statusUrl(standby)
      await until("a standby that is ready", 20, async () => ((await fetch(`${status}/readyz`)).ok ? true : undefined))
      await cluster.submit(names)
      await until("some tasks ended", 30, () => (cluster.ended().length >= 3 ? true : undefined))
      leader.child.kill("SIGSTOP")
      await untilLogged(standby, "holds the lease")
      leader.child.kill("SIGCONT")
      expect(await leader.exited).toBe(1)
      expect(logOf(leader).filter((it) => it.level === "ERROR")).toEqual([expect.objectContaining({ message: expect.stringContaining("lost the lease default/fairlead-engine") as string })])
      await until("all tasks ended", 40, () => (cluster.ended().length >= 20 ? true : undefined))
      expect(cluster.ended().toSorted()).toEqual(runs(names))
      expect([...cluster.podsOf().values()].every((pods) => pods.length === 1)).toBe(true)
    } finally {
      await cluster.close()
    }
  }, 90_000)

  it("an engine with the token of the deployment's service account completes tasks in its namespace, and nothing is refused to it", async () => {
    const cluster = await startCluster(50)
    try {
      const rbac = (plural: string, kind: string) => KubeResource.make("rbac.authorization.k8s.io", "v1", plural, kind)
      await cluster.create(KubeResource.namespaces, manifest("namespace.yaml")[0]!)
      await cluster.create(KubeResource.serviceAccounts, manifest("service-account.yaml")[0]!)
      await cluster.create(rbac("roles", "Role"), manifest("role.yaml")[0]!)
      await cluster.create(rbac("rolebindings", "RoleBinding"), manifest("role-binding.yaml")[0]!)
      const issued = await cluster.call("POST", "/api/v1/namespaces/fairlead/serviceaccounts/fairlead-engine/token", { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} })
      const { status } = (await issued.json()) as { readonly status: { readonly token: string } }
      const engine = cluster.engine({ ENGINE_NAMESPACE: "fairlead", LEADER_ELECTION_NAMESPACE: "fairlead", PODS_SECURITY_LEVEL: "restricted" }, status.token)
      await untilLogged(engine, "holds the lease fairlead/fairlead-engine")
      for (const name of named(3)) await cluster.create(KubeResource.taskActions, taskAction(name, "fairlead"))
      await until("all tasks ended", 30, () => (cluster.ended().length >= 3 ? true : undefined))
      const metrics = await (await fetch(`${await statusUrl(engine)}/metrics`)).text()
      const calls = metrics.split("\n").filter((it) => it.startsWith("rest_client_requests_total"))
      expect(calls.some((it) => it.includes("verb=\"create\"") && it.includes("code=\"2xx\""))).toBe(true)
      expect(calls.filter((it) => /code="40[13]"/.test(it))).toEqual([])
      expect(logOf(engine).filter((it) => it.level !== "INFO")).toEqual([])
    } finally {
      await cluster.close()
    }
  }, 90_000)
})

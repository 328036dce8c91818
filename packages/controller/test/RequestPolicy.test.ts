import { Clock, Effect, Exit, Fiber, Layer, Metric } from "effect"
import { expect, it } from "vitest"
import { KubeClient, KubeError, KubeResource, type KubeTransport } from "@fairlead/kube"
import { RequestPolicy, type RequestPolicyOptions } from "../src/index.ts"
import { type ClusterFake, type Fault, statusError, unavailable } from "./support/clusterFake.ts"
import { simulate, widget, widgets } from "./support/objects.ts"

const lost = new KubeError.KubeError({ method: "x", reason: { _tag: "TransportFailed", description: "reset" } })

const withPolicy = <A>(options: RequestPolicyOptions, body: (cluster: ClusterFake, client: KubeClient["Service"]) => Effect.Effect<A, unknown, KubeTransport>): A =>
  simulate((cluster) => Effect.flatMap(KubeClient, (client) => body(cluster, client)).pipe(
    Effect.provide(Layer.provide(Layer.fresh(KubeClient.layer), RequestPolicy.layer(options))),
    Effect.provideService(Metric.MetricRegistry, new Map())
  ))

/** Fails the first calls with these, then lets all pass. */
const script = (cluster: ClusterFake, faults: ReadonlyArray<Fault>): void => {
  const rest = faults.slice()
  cluster.rule = () => rest.shift()
}

const calls: { readonly [verb: string]: (client: KubeClient["Service"]) => Effect.Effect<unknown, KubeError.KubeError> } = {
  get: (client) => client.get(widgets, { namespace: "default", name: "w" }),
  list: (client) => client.list(widgets, "default"),
  create: (client) => client.create(widgets, widget("new")),
  patch: (client) => client.patch(widgets, { namespace: "default", name: "w" }, "merge", {}),
  delete: (client) => client.delete(widgets, { namespace: "default", name: "w" })
}

it.each([
  ["get", "429", { before: statusError(429, "TooManyRequests", "slow", 1) }, 2],
  ["create", "429", { before: statusError(429, "TooManyRequests", "slow", 1) }, 2],
  ["delete", "429", { before: statusError(429, "TooManyRequests", "slow", 1) }, 2],
  ["get", "503", { before: unavailable() }, 2],
  ["list", "a lost connection", { before: lost }, 2],
  ["create", "503", { before: unavailable() }, 1],
  ["patch", "a lost connection", { after: lost }, 1],
  ["get", "403", { before: statusError(403, "Forbidden") }, 1],
  ["patch", "409", { before: statusError(409, "Conflict") }, 1],
  ["list", "410", { before: statusError(410, "Expired") }, 1],
  ["get", "429 with a long wait", { before: statusError(429, "TooManyRequests", "slow", 60) }, 1]
])("%s after %s is made as often as it is safe", (verb, _, fault, count) => {
  withPolicy({}, (cluster, client) => Effect.gen(function*() {
    cluster.put(widgets, widget("w"))
    script(cluster, [fault])
    const exit = yield* Effect.exit(calls[verb]!(client))
    expect(cluster.requests).toHaveLength(count)
    expect(Exit.isSuccess(exit)).toBe(count === 2)
  }))
})

it("a call is given up after four attempts, with the last failure", () => {
  withPolicy({}, (cluster, client) => Effect.gen(function*() {
    cluster.rule = () => ({ before: unavailable() })
    const error = yield* Effect.flip(client.list(widgets, "default"))
    expect(error.reason._tag).toBe("ServiceUnavailable")
    expect(cluster.requests).toHaveLength(4)
  }))
})

it("calls beyond the burst wait for their turn, leases do not", () => {
  withPolicy({ perSecond: 10, burst: 5 }, (cluster, client) => Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    const times: Array<number> = []
    const timed = (call: Effect.Effect<unknown, unknown>) => Effect.flatMap(Effect.ignore(call), () => Effect.map(Clock.currentTimeMillis, (it) => times.push(it - start)))
    yield* Effect.forEach(Array.from({ length: 8 }), () => timed(client.list(widgets, "default")), { concurrency: "unbounded" })
    expect(times).toEqual([0, 0, 0, 0, 0, 100, 200, 300])
    times.length = 0
    yield* Effect.forEach(Array.from({ length: 5 }), () => timed(client.get(KubeResource.leases, { namespace: "default", name: "l" })), { concurrency: "unbounded" })
    expect(times).toEqual([300, 300, 300, 300, 300])
    expect(cluster.requests).toHaveLength(13)
  }))
})

it("a call that is interrupted while it waits gives its turn back", () => {
  withPolicy({ perSecond: 1, burst: 1 }, (cluster, client) => Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    yield* client.list(widgets, "default")
    const waiting = yield* Effect.forkChild(client.list(widgets, "default"))
    yield* Effect.sleep(10)
    yield* Fiber.interrupt(waiting)
    yield* client.list(widgets, "default")
    expect((yield* Clock.currentTimeMillis) - start).toBe(1000)
    expect(cluster.requests).toHaveLength(2)
  }))
})

it("calls are counted by verb and code, with their retries", () => {
  withPolicy({}, (cluster, client) => Effect.gen(function*() {
    cluster.put(widgets, widget("w"))
    script(cluster, [{ before: unavailable() }, {}, { before: lost }])
    yield* calls["get"]!(client)
    yield* Effect.ignore(calls["patch"]!(client))
    const snapshot = yield* Metric.snapshot
    const counts = snapshot.filter((it) => it.id === "rest_client_requests_total").map((it) => [it.attributes?.["verb"], it.attributes?.["code"], (it.state as { count: number }).count])
    expect(counts).toEqual([["get", "503", 1], ["get", "2xx", 1], ["patch", "<error>", 1]])
    expect(snapshot.find((it) => it.id === "rest_client_request_retries_total")?.state).toMatchObject({ count: 1 })
    expect(snapshot.find((it) => it.id === "rest_client_request_duration_seconds" && it.attributes?.["verb"] === "get")?.state).toMatchObject({ count: 2 })
  }))
})

import { CurrentHealth, Health } from "@fairlead/controller"
import { Effect, Metric } from "effect"
import { describe, expect, it } from "vitest"
import { listenStatus } from "../../src/start/StatusServerNode.ts"

describe("health and metrics", () => {
  it("tell what is wrong, and metrics in Prometheus' form", async () => {
    await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const health = yield* CurrentHealth
      let trouble: string | undefined
      health.register({ name: "cache", live: () => undefined, ready: () => trouble })
      yield* Metric.update(Metric.counter("status_test_total", { description: "of this test", incremental: true, attributes: { kind: "a" } }), 3)
      const url = yield* listenStatus({ host: "127.0.0.1", port: 0 })
      const get = (path: string, method = "GET") =>
        Effect.promise(async () => {
          const answer = await fetch(`${url}${path}`, { method })
          return [answer.status, await answer.text()] as const
        })
      expect(yield* get("/readyz")).toEqual([200, "[+]cache ok\nok\n"])
      trouble = "not synced"
      expect(yield* get("/readyz?verbose")).toEqual([503, "[-]cache failed: not synced\nfailed\n"])
      expect(yield* get("/healthz")).toEqual([200, "[+]cache ok\nok\n"])
      expect((yield* get("/livez", "HEAD"))[0]).toBe(200)
      expect((yield* get("/metrics"))[1]).toMatch(/# HELP status_test_total of this test\n# TYPE status_test_total counter\nstatus_test_total\{kind="a"\} 3/)
      expect((yield* get("/metrics"))[1]).toMatch(/^process_resident_memory_bytes \d+$/m)
      expect((yield* get("/readyz", "POST"))[0]).toBe(405)
      expect((yield* get("/secret"))[0]).toBe(404)
      const taken = yield* Effect.flip(listenStatus({ host: "127.0.0.1", port: Number(new URL(url).port) }))
      expect(taken.message).toMatch(/cannot be served on 127\.0\.0\.1:\d+: .*EADDRINUSE.*; choose another with server\.port/)
    })).pipe(Effect.provide(Health.layer)))
  })
})

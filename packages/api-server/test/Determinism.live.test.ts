import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ApiServer, fetchHandler } from "../src/index.ts"
import { listen } from "../src/node.ts"
import { VirtualTime } from "./conformance/virtualTime.ts"
import { numbers } from "./makeServer.ts"

type Fetch = (path: string, init: RequestInit) => Promise<Response>

const steps: ReadonlyArray<readonly [method: string, path: string, type: string, body?: object]> = [
  ["POST", "/api/v1/namespaces/default/configmaps", "application/json", { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "a-" }, data: { k: "1" } }],
  ["POST", "/api/v1/namespaces/default/secrets", "application/json", { apiVersion: "v1", kind: "Secret", metadata: { name: "s", labels: { app: "x" } } }],
  ["PATCH", "/api/v1/namespaces/default/secrets/s", "application/merge-patch+json", { metadata: { annotations: { note: "é\u2028" } } }],
  ["PATCH", "/api/v1/namespaces/default/configmaps/b?fieldManager=m", "application/apply-patch+yaml", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b" }, data: { z: "1", a: "2" } }],
  ["POST", "/apis/batch/v1/namespaces/default/jobs", "application/json", {
    apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" }, spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } }
  }],
  ["POST", "/api/v1/namespaces/default/configmaps", "application/json", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "Not a name" } }],
  ["DELETE", "/apis/batch/v1/namespaces/default/jobs/j?propagationPolicy=Foreground", "application/json"],
  ["GET", "/api/v1/namespaces/default/configmaps?limit=1", "application/json"],
  ["DELETE", "/api/v1/namespaces/default/secrets/s", "application/json"]
]

/** Every change in order, and every answer, as text. */
const play = async (server: ApiServer.ApiServer, time: VirtualTime, fetch: Fetch): Promise<string> => {
  const journal: Array<string> = []
  server.onWrite(({ event, resource }) => void journal.push(JSON.stringify([resource, event.type, event.revision, event.object])))
  for (const [method, path, type, body] of steps) {
    time.advance(777)
    const headers = { authorization: "Bearer t", "content-type": type, "user-agent": "determinism" }
    const response = await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    journal.push(`${response.status} ${await response.text()}`)
  }
  return journal.join("\n")
}

const world = (seed: number) => {
  const time = new VirtualTime(Date.UTC(2026, 0, 1))
  const server = ApiServer.make({ now: time.now, random: numbers(seed), schedule: time.schedule, tokens: { t: { name: "admin", groups: ["system:masters"] } } })
  return { time, server }
}

const inProcess = (seed: number): Promise<string> => {
  const { server, time } = world(seed)
  const handle = fetchHandler(server)
  return play(server, time, (path, init) => handle(new Request(`http://server${path}`, init)))
}

const overHttp = (seed: number) =>
  Effect.scoped(Effect.gen(function*() {
    const { server, time } = world(seed)
    const { url } = yield* listen({ server })
    return yield* Effect.promise(() => play(server, time, (path, init) => fetch(`${url}${path}`, init)))
  }))

describe("determinism", () => {
  it.live("the same seed and calls leave byte-identical journals and answers, in process and over HTTP", () =>
    Effect.gen(function*() {
      const [first, again, served] = [yield* Effect.promise(() => inProcess(1)), yield* Effect.promise(() => inProcess(1)), yield* overHttp(1)]
      assert.strictEqual(again, first)
      assert.strictEqual(served, first)
      assert.isAbove(first.length, 5000)
      assert.notStrictEqual(yield* Effect.promise(() => inProcess(2)), first)
    }))
})

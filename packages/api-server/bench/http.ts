/** Requests a second over HTTP, against a bare Node server in the same place that parses and writes the same JSON. */
import { fork } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { Effect, Exit, Scope } from "effect"
import { listen } from "../src/node.ts"
import { report } from "./support/measure.ts"
import { configMap, configMaps, create, makeServer, pod, pods, withServiceAccount } from "./support/objects.ts"

/** Enough rounds for all code to be compiled, and short ones, so that what else the machine does spoils few of them. */
const requests = 2000
const rounds = 16
const share = 0.6

const client = fork(fileURLToPath(new URL("support/httpClient.ts", import.meta.url)))

interface Load {
  readonly url: string
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly type: string
}

/** Milliseconds of processor time that this thread, which serves, needs for one request. Its client has a process of its own. */
const serve = async (load: Load): Promise<number> => {
  const before = process.threadCpuUsage()
  client.send({ ...load, requests })
  const [answer] = (await once(client, "message")) as [{ problem?: string }]
  if (answer.problem !== undefined) throw new Error(answer.problem)
  const used = process.threadCpuUsage(before)
  return (used.user + used.system) / 1000 / requests
}

const server = withServiceAccount(makeServer({ tokens: { secret: { name: "bench", groups: ["system:masters", "system:authenticated"] } } }))
const parsed = (object: object): object => JSON.parse(JSON.stringify(object)) as object
// Bodies come from a parser, as over HTTP.
create(server, configMaps, parsed(configMap(0)))
create(server, pods, parsed(pod(0)))
const stored = JSON.parse(JSON.stringify(server.handle({ verb: "get", ...configMaps, name: "settings-0" }).body)) as { metadata: object; data: object }
const storedPod: unknown = JSON.parse(JSON.stringify(server.handle({ verb: "get", ...pods, name: "run-0" }).body))

/** The least that any server does: parse what came, write the answer. */
const bare = createServer((request, response) => {
  const pieces: Array<Buffer> = []
  request.on("data", (piece: Buffer) => pieces.push(piece))
  request.on("end", () => {
    if (pieces.length > 0) JSON.parse(Buffer.concat(pieces).toString())
    const text = JSON.stringify(request.url!.includes("pods") ? storedPod : stored)
    response.writeHead(request.method === "POST" ? 201 : 200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) })
    response.end(text)
  })
})
bare.listen(0, "127.0.0.1")
await once(bare, "listening")
const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}`
const scope = Scope.makeUnsafe()
const { url } = await Effect.runPromise(Scope.provide(listen({ server }), scope))

const json = "application/json"
const base = "/api/v1/namespaces/default"
const loads: ReadonlyArray<readonly [string, Omit<Load, "url">]> = [
  ["get of a configmap over HTTP", { method: "GET", path: `${base}/configmaps/settings-0`, body: undefined, type: "" }],
  ["create of a configmap over HTTP", { method: "POST", path: `${base}/configmaps`, body: JSON.stringify({ ...configMap(1), metadata: { generateName: "made-" } }), type: json }],
  ["update of a configmap over HTTP", { method: "PUT", path: `${base}/configmaps/settings-0`, body: JSON.stringify({ ...stored, metadata: { name: "settings-0", namespace: "default" } }), type: json }],
  ["get of a pod over HTTP", { method: "GET", path: `${base}/pods/run-0`, body: undefined, type: "" }]
]

for (const [name, load] of loads) {
  let [best, least] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let round = 0; round <= rounds; round++) {
    const [own, simple] = [await serve({ ...load, url }), await serve({ ...load, url: bareUrl })]
    if (round > 0) [best, least] = [Math.min(best, own), Math.min(least, simple)]
  }
  const [value, baseline] = [1000 / best, 1000 / least]
  report(name, value, "requests/s of one processor", { baseline: Math.round(baseline), atLeast: Math.round(share * baseline), share: Number((value / baseline).toFixed(2)) })
}
await Effect.runPromise(Scope.close(scope, Exit.void))
bare.close()
client.disconnect()

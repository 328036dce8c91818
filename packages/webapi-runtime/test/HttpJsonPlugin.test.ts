import { Literals, LiteralTypes } from "@fairlead/core"
import { Effect, Redacted, Result } from "effect"
import { describe, expect, test } from "vitest"
import { type HttpJsonConfig, type Json, makeHttpJson, parseHttpJsonConfig, type WebApiTask } from "../src/index.ts"

const description = {
  baseUrl: "https://jobs.example.org/v1/",
  headers: { authorization: "Bearer {{secret warehouse/token}}" },
  create: { path: "/jobs", body: { frame: "{{inputs.frame}}", note: "{{name}} of {{project}}", nested: { list: ["{{custom.size}}"] } }, meta: { id: "$.job.id" } },
  find: { path: "/jobs?key={{key}}", found: "$.jobs[0]" },
  get: { path: "/jobs/{{meta.id}}" },
  delete: { method: "POST", path: "/jobs/{{meta.id}}/cancel" },
  status: { path: "$.state", reason: "$.message", queued: ["queued"], running: ["running"], succeeded: ["done"], failed: ["failed"], refused: ["refused"], aborted: ["stopped"] },
  outputs: { pixels: "$.result.pixels" },
  links: { console: "https://console.example.org/{{meta.id}}" }
} satisfies HttpJsonConfig

const checked = (config: object): HttpJsonConfig => Result.getOrThrow(parseHttpJsonConfig(config as Json))

const secrets = { get: ({ key }: { readonly key: string }) => Effect.succeed(Redacted.make(`secret-${key}`)) }
const task = {
  key: "key-1",
  now: 0,
  launch: 0,
  metadata: { taskExecutionId: { generatedName: "run-a-0", id: { nodeExecutionId: { executionId: { project: "proj", domain: "dev" } } } } },
  template: { custom: { size: 4 }, config: {}, interface: { outputs: { variables: [{ key: "pixels", value: { type: LiteralTypes.fromName("integer") } }] } } },
  paths: { outputPrefix: "mem://out" },
  inputs: Effect.succeed(Literals.literalMap({ frame: Literals.integer(7) })),
  secrets
} as unknown as WebApiTask

interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: unknown
}

const service = (answer: (sent: Sent) => Response | Promise<Response>) => {
  const sent: Array<Sent> = []
  const fetch = async (request: Request): Promise<Response> => {
    const text = await request.text()
    const it: Sent = { method: request.method, url: request.url, headers: Object.fromEntries(request.headers), body: text === "" ? undefined : JSON.parse(text) as unknown }
    sent.push(it)
    return answer(it)
  }
  return { sent, plugin: makeHttpJson({ config: checked(description), fetch }) }
}

const meta = { project: "proj", domain: "dev", values: { id: "j/1" } }
const json = (value: unknown, init: ResponseInit = {}): Response => new Response(JSON.stringify(value), init)

describe("A service described by its requests", () => {
  test("is asked to create with everything filled in, values kept as they are, the key and the secret in headers", async () => {
    const { plugin, sent } = service(() => json({ job: { id: "j/1" } }, { status: 201 }))
    expect(await Effect.runPromise(plugin.create(task))).toEqual({ meta })
    expect(sent).toMatchObject([{
      method: "POST",
      url: "https://jobs.example.org/v1/jobs",
      headers: { authorization: "Bearer secret-token", "idempotency-key": "key-1", "content-type": "application/json" },
      body: { frame: 7, note: "run-a-0 of proj", nested: { list: [4] } }
    }])
  })

  test("is asked by key, looked at and cancelled; values in paths are escaped", async () => {
    const { plugin, sent } = service(({ url }) => json(url.includes("key=") ? { jobs: [{ job: { id: "j/1" } }] } : { state: "running" }))
    expect(await Effect.runPromise(plugin.find!(task))).toEqual({ meta })
    expect(await Effect.runPromise(plugin.get({ key: "key-1", meta, secrets }))).toEqual({ state: "running" })
    await Effect.runPromise(plugin.delete({ key: "key-1", meta, secrets, reason: "test" }))
    expect(sent.map((it) => `${it.method} ${it.url}`)).toEqual([
      "GET https://jobs.example.org/v1/jobs?key=key-1",
      "GET https://jobs.example.org/v1/jobs/j%2F1",
      "POST https://jobs.example.org/v1/jobs/j%2F1/cancel"
    ])
  })

  test("that knows no such key has no job", async () => {
    for (const answer of [() => json({ jobs: [] }), () => new Response("no", { status: 404 })]) {
      expect(await Effect.runPromise(service(answer).plugin.find!(task))).toBeUndefined()
    }
  })

  test.each([
    [() => new Response("slow down", { status: 429, headers: { "retry-after": "7" } }), { fault: "Throttled", retryAfter: 7000 }],
    [() => new Response("bad frame", { status: 422 }), { fault: "Rejected", description: "POST /jobs was answered with 422: bad frame" }],
    [() => new Response("oops", { status: 503 }), { fault: "Unavailable" }],
    [() => new Response("<html>", { status: 200 }), { fault: "Unavailable", description: expect.stringContaining("no JSON: <html>") }],
    [() => json({ job: {} }), { fault: "Unknown", description: "the answer has nothing at $.job.id" }],
    [() => Promise.reject(Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } })), { fault: "Unavailable", description: expect.stringContaining("ECONNREFUSED") }],
    [() => Promise.reject(new TypeError("terminated")), { fault: "Unknown" }]
  ])("whose answer is wrong fails as what it is: %#", async (answer, error) => {
    expect(await Effect.runPromise(Effect.flip(service(answer).plugin.create(task)))).toMatchObject(error)
  })

  test.each([
    ["queued", "Queued"], ["RUNNING", "Running"], ["done", "Success"], ["failed", "RetryableFailure"], ["refused", "PermanentFailure"], ["stopped", "Aborted"], ["odd", "Running"]
  ])("that says %s means %s", async (state, phase) => {
    const { plugin } = service(() => json({}))
    const status = await Effect.runPromise(plugin.status({ ...task, meta, resource: { state, message: "why", result: { pixels: 9 } } }))
    expect(status.phase.phase).toBe(phase)
    expect(status.phase.info.logs).toMatchObject([{ name: "console", uri: "https://console.example.org/j%2F1" }])
    expect(plugin.isTerminal!({ state })).toBe(!["queued", "RUNNING", "odd"].includes(state))
    if (state === "done") expect(status.outputs?.literals["pixels"]).toMatchObject(Literals.integer(9))
    if (state === "failed") expect(status.phase.error).toMatchObject({ code: "JobFailed", message: "why", kind: "USER" })
  })

  test("whose outputs do not fit the task's interface fails the attempt, with the reason", async () => {
    const { plugin } = service(() => json({}))
    const status = await Effect.runPromise(plugin.status({ ...task, meta, resource: { state: "done", result: { pixels: "many" } } }))
    expect(status.phase).toMatchObject({ phase: "RetryableFailure", error: { code: "OutputsNotFound" } })
  })

  test("is refused when its description cannot work, with every fault", () => {
    const broken = {
      ...description,
      create: { ...description.create, path: "/jobs/{{secret warehouse/token}}" },
      get: { path: "/jobs/{{inputs.frame}}" },
      status: { ...description.status, path: "$..state" }
    }
    const read = parseHttpJsonConfig(broken as unknown as Json)
    const text = Result.isFailure(read) ? read.failure : ""
    expect(text).toContain("create.path: {{secret warehouse/token}}: secrets may stand in headers and bodies only")
    expect(text).toContain("get.path: {{inputs.frame}}")
    expect(text).toContain("status.path: \"$..state\" is no path")
  })

  test("lacks what a task does not have: that is the task's fault", async () => {
    const { plugin } = service(() => json({}))
    const poor = { ...task, inputs: Effect.succeed(Literals.literalMap({})) } as WebApiTask
    expect(await Effect.runPromise(Effect.flip(plugin.create(poor)))).toMatchObject({ fault: "Rejected", description: "{{inputs.frame}} has no value for this task" })
  })
})

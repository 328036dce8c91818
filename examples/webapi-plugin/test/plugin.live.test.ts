import { Phase } from "@fairlead/core"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { renderPlugin } from "../plugin.ts"
import { wordsPlugin } from "../sync.ts"

const port = 18_791 + (process.pid % 1000)
const baseUrl = `http://127.0.0.1:${port}`
let service: ChildProcess

beforeAll(async () => {
  const file = join(mkdtempSync(join(tmpdir(), "fairlead-render-")), "jobs.jsonl")
  service = spawn(process.execPath, [fileURLToPath(new URL("../../webapi/service.mjs", import.meta.url)), String(port), file], { stdio: "ignore" })
  while (!(await fetch(`${baseUrl}/healthz`).then((it) => it.ok, () => false))) await new Promise((resolve) => setTimeout(resolve, 50))
})

afterAll(() => void service.kill())

const task = (inputs: object): never => ({ key: "k-1", inputs: Effect.succeed({ literals: inputs }), template: { config: { width: "100" } } }) as never

test("the plugin creates a job, finds it by its key, looks at it and deletes it", async () => {
  const plugin = renderPlugin(baseUrl)
  const context = task({ frame: { value: { case: "scalar", value: { value: { case: "primitive", value: { value: { case: "integer", value: 3n } } } } } } })
  const { meta } = await Effect.runPromise(plugin.create(context))
  expect(await Effect.runPromise(plugin.find!(context))).toMatchObject({ meta })
  const secrets = { get: () => Effect.die("none") }
  const look = Effect.flatMap(plugin.get({ key: "k-1", meta, secrets }), (resource) => Effect.map(plugin.status({ ...(context as object), meta, resource } as never), ({ phase }) => phase))
  expect((await Effect.runPromise(look)).phase).toBe("Queued")
  await Effect.runPromise(plugin.delete({ key: "k-1", meta, secrets, reason: "test" }))
  expect(await Effect.runPromise(look)).toMatchObject(Phase.aborted(0, "deleted"))
  expect(await Effect.runPromise(Effect.flip(plugin.get({ key: "k", meta: { id: "job-0" }, secrets })))).toMatchObject({ fault: "NotFound" })
})

test("the sync plugin answers with the result", async () => {
  const plugin = wordsPlugin((text) => Promise.resolve(text.split(" ").length))
  const text = { value: { case: "scalar", value: { value: { case: "primitive", value: { value: { case: "stringValue", value: "three small words" } } } } } }
  const { outputs, phase } = await Effect.runPromise(plugin.do(task({ text })))
  expect(phase.phase).toBe("Success")
  expect(outputs?.literals["words"]).toBeDefined()
  expect(await Effect.runPromise(Effect.flip(plugin.do(task({}))))).toMatchObject({ fault: "Rejected" })
})

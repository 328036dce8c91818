import { assert, describe, it } from "@effect/vitest"
import * as k8s from "@kubernetes/client-node"
import { execFileSync } from "node:child_process"
import { httpApi } from "../src/index.ts"
import { makeServer } from "./makeServer.ts"

const token = "t"
const serverOf = () => makeServer({ tokens: { [token]: { name: "admin", groups: ["system:masters"] } } }).server

describe("httpApi", () => {
  it("client-node calls the server without a socket", async () => {
    const configuration = k8s.createConfiguration({
      baseServer: new k8s.ServerConfiguration("http://cluster.test", {}),
      httpApi: httpApi<k8s.ResponseContext, k8s.HttpLibrary, Buffer>(serverOf(), k8s, { token })
    })
    const core = new k8s.CoreV1Api(configuration)
    await core.createNamespacedConfigMap({ namespace: "default", body: { metadata: { name: "a" }, data: { k: "1" } } })
    const { items } = await core.listNamespacedConfigMap({ namespace: "default" })
    assert.deepStrictEqual(items.map(({ data }) => data), [{ k: "1" }])
    const missing = await core.readNamespacedConfigMap({ namespace: "default", name: "b" }).then(() => undefined, (error: k8s.ApiException<string>) => error.code)
    assert.strictEqual(missing, 404)
  })
})

describe("fetchHandler", () => {
  it("runs where there is nothing but what the web has: no module of Node is loaded", () => {
    // Where a package has more than one form, as bundlers for browsers and workers choose.
    const program = `
      import { registerHooks, isBuiltin } from "node:module"
      registerHooks({
        resolve: (name, context, next) => {
          if (isBuiltin(name)) throw new Error("loads " + name)
          return next(name, { ...context, conditions: context.conditions.filter((condition) => !condition.startsWith("node")) })
        }
      })
      const { ApiServer, fetchHandler } = await import(${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)})
      const server = ApiServer.make({ now: () => 0, random: () => 0.5, schedule: () => () => undefined })
      const answer = await fetchHandler(server)(new Request("http://cluster.test/version"))
      process.stdout.write(String(answer.status))`
    assert.strictEqual(execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" }), "200")
  })
})

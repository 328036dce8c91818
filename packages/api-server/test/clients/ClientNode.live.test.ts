/** `@kubernetes/client-node` as its users use it: CRUD, paging, patches, watches and informers, over sockets. */
import { assert, describe, it } from "@effect/vitest"
import * as k8s from "@kubernetes/client-node"
import { Effect } from "effect"
import { eventually, serverLayer, token, withUrl } from "./served.ts"

const configFor = (server: string): k8s.KubeConfig => {
  const config = new k8s.KubeConfig()
  config.loadFromOptions({
    clusters: [{ name: "c", server, skipTLSVerify: true }],
    users: [{ name: "u", token }],
    contexts: [{ name: "x", cluster: "c", user: "u" }],
    currentContext: "x"
  })
  return config
}

const namespace = "default"

const run = <A>(program: (config: k8s.KubeConfig, core: k8s.CoreV1Api, server: { compact: (revision: number) => void; revision: () => number }) => Promise<A>) =>
  withUrl((url, server) => {
    const config = configFor(url)
    return program(config, config.makeApiClient(k8s.CoreV1Api), server)
  }).pipe(Effect.scoped, Effect.provide(serverLayer))

describe("@kubernetes/client-node", () => {
  it.live("creates, reads, replaces, patches and deletes", () =>
    run(async (_, core) => {
      const made = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "a" }, data: { k: "1" } } })
      assert.match(made.metadata?.uid ?? "", /^[0-9a-f-]{36}$/)
      assert.instanceOf(made.metadata?.creationTimestamp, Date)
      const replaced = await core.replaceNamespacedConfigMap({ namespace, name: "a", body: { ...made, data: { k: "2" } } })
      assert.deepStrictEqual(replaced.data, { k: "2" })
      const stale = await core.replaceNamespacedConfigMap({ namespace, name: "a", body: made }).then(() => undefined, (error: k8s.ApiException<string>) => error)
      assert.strictEqual(stale?.code, 409)
      const patched = await core.patchNamespacedConfigMap(
        { namespace, name: "a", body: { data: { l: "3" } } },
        k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch)
      )
      assert.deepStrictEqual(patched.data, { k: "2", l: "3" })
      await core.deleteNamespacedConfigMap({ namespace, name: "a" })
      const gone = await core.readNamespacedConfigMap({ namespace, name: "a" }).then(() => undefined, (error: k8s.ApiException<string>) => error)
      assert.strictEqual(gone?.code, 404)
    }))

  it.live("pages through a list", () =>
    run(async (_, core) => {
      for (let i = 0; i < 5; i++) await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: `a${i}` } } })
      const names: Array<string> = []
      let next: string | undefined
      do {
        const page = await core.listNamespacedConfigMap({ namespace, limit: 2, ...(next === undefined ? {} : { _continue: next }) })
        names.push(...page.items.map(({ metadata }) => metadata!.name!))
        next = page.metadata?._continue
      } while (next)
      assert.deepStrictEqual(names, ["a0", "a1", "a2", "a3", "a4"])
    }))

  it.live("watches by name of the path", () =>
    run(async (config, core) => {
      const seen: Array<string> = []
      const abort = await new k8s.Watch(config).watch(
        `/api/v1/namespaces/${namespace}/configmaps`,
        { labelSelector: "app=x" },
        (phase, object: k8s.V1ConfigMap) => void seen.push(`${phase} ${object.metadata?.name}`),
        () => undefined
      )
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "other" } } })
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "a", labels: { app: "x" } } } })
      await core.deleteNamespacedConfigMap({ namespace, name: "a" })
      await eventually(() => seen.length === 2, "two events")
      abort.abort()
      assert.deepStrictEqual(seen, ["ADDED a", "DELETED a"])
    }))

  it.live("an informer follows the collection, and lists again when its version is gone", () =>
    run(async (config, core, server) => {
      const seen: Array<string> = []
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "before" } } })
      const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () => core.listNamespacedConfigMap({ namespace }))
      for (const verb of ["add", "update", "delete"] as const) informer.on(verb, (object) => void seen.push(`${verb} ${object.metadata?.name}`))
      const errors: Array<unknown> = []
      // Its own stopping is an error to it.
      informer.on("error", (error: Error) => error.name === "AbortError" || errors.push(error))
      await informer.start()
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "a" } } })
      await eventually(() => seen.includes("add a"), "the new object")
      await core.patchNamespacedConfigMap({ namespace, name: "a", body: { data: { k: "1" } } }, k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch))
      await eventually(() => seen.includes("update a"), "the change")
      await informer.stop()
      await core.deleteNamespacedConfigMap({ namespace, name: "a" })
      server.compact(server.revision())
      await informer.start()
      await eventually(() => seen.includes("delete a"), "the deletion")
      assert.deepStrictEqual(informer.list().map(({ metadata }) => metadata?.name), ["before"])
      await informer.stop()
      assert.deepStrictEqual(errors, [])
    }))

  it.live("custom resources", () =>
    run(async (config) => {
      const group = "example.com"
      const names = { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" }
      await config.makeApiClient(k8s.ApiextensionsV1Api).createCustomResourceDefinition({
        body: {
          metadata: { name: `widgets.${group}` },
          spec: {
            group,
            scope: "Namespaced",
            names,
            versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", x_kubernetes_preserve_unknown_fields: true } } }]
          }
        }
      })
      const objects = config.makeApiClient(k8s.CustomObjectsApi)
      const at = { group, version: "v1", namespace, plural: "widgets" }
      await objects.createNamespacedCustomObject({ ...at, body: { apiVersion: `${group}/v1`, kind: "Widget", metadata: { name: "w" }, spec: { size: 3 } } })
      const list = (await objects.listNamespacedCustomObject(at)) as { items: ReadonlyArray<{ spec: { size: number } }> }
      assert.deepStrictEqual(list.items.map(({ spec }) => spec.size), [3])
    }))
})

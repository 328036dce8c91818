import { FakeApiServer, fetchHandler } from "@fairlead/api-server"
import { CurrentHealth, Health } from "@fairlead/controller"
import { TaskActionCrd } from "@fairlead/core"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import { type KubeObject, KubeResource } from "@fairlead/kube"
import { Deferred, Effect, Layer, Logger, Result } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { ClusterAccess } from "../../src/start/ClusterAccess.ts"
import * as ClusterEngine from "../../src/start/ClusterEngine.ts"
import { readSettings } from "../../src/start/SettingsRead.ts"
import { manifest, taskAction } from "./processes.ts"

const namespace = "fairlead"

interface Rule {
  readonly apiGroups: ReadonlyArray<string>
  readonly resources: ReadonlyArray<string>
  readonly verbs: ReadonlyArray<string>
  readonly resourceNames?: ReadonlyArray<string>
}

const rulesOf = (file: string) => (manifest(file)[0] as KubeObject & { readonly rules: ReadonlyArray<Rule> }).rules
const rules = rulesOf("role.yaml")

/** `create pods`, one for each thing that a rule allows. */
const rightsOf = (granted: ReadonlyArray<Rule>): ReadonlyArray<string> =>
  [...new Set(granted.flatMap((rule) => rule.resources.flatMap((resource) => rule.verbs.map((verb) => `${verb} ${resource}`))))].toSorted()

/** The right that a request needs. */
const rightFor = ({ method, url }: Request): string => {
  const { pathname, searchParams } = new URL(url)
  const parts = pathname.split("/").slice(pathname.startsWith("/api/") ? 3 : 4)
  const [resource, name, subresource] = parts[0] === "namespaces" ? parts.slice(2) : parts
  const verbs = { GET: name !== undefined ? "get" : searchParams.get("watch") === "true" ? "watch" : "list", POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" }
  return `${verbs[method as keyof typeof verbs]} ${resource}${subresource === undefined ? "" : `/${subresource}`}`
}

interface World {
  readonly create: (resource: KubeResource.KubeResource, object: KubeObject) => void
  readonly remove: (resource: KubeResource.KubeResource, name: string) => void
  readonly get: (resource: KubeResource.KubeResource, name: string) => KubeObject | undefined
  /** Rights that were used and granted, and those that were used in vain. */
  readonly used: Set<string>
  readonly refused: Set<string>
  /** Names of actions that succeeded or failed, with which. */
  readonly ended: Map<string, string>
  /** Requests whose path holds the words are answered with 500 so often. */
  readonly fail: (words: string, times: number) => void
  readonly health: () => ReadonlyArray<string>
}

/** An engine as the service account of the deployment, with these rules, on a cluster in this process. */
const withRules = (granted: ReadonlyArray<Rule>, use: (world: World) => Promise<void>, settingsMore: { readonly [variable: string]: string } = {}): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-rights-"))
  const program = Effect.gen(function*() {
    const server = yield* FakeApiServer
    const health = yield* CurrentHealth
    const call = (verb: "create" | "get" | "delete", resource: KubeResource.KubeResource, object: { readonly metadata: KubeObject["metadata"] }, subresource?: string) =>
      server.handle({
        verb,
        ...resource,
        namespace: resource.namespaced ? object.metadata.namespace ?? namespace : undefined,
        ...(verb === "create" && subresource === undefined ? {} : { name: object.metadata.name }),
        ...(verb === "create" ? { body: structuredClone(object) } : {}),
        ...(subresource === undefined ? {} : { subresource })
      })
    const create: World["create"] = (resource, object) => {
      const { body, code } = call("create", resource, object)
      if (code >= 300) throw new Error(JSON.stringify(body))
    }
    const rbac = (plural: string, kind: string): KubeResource.KubeResource => ({ group: "rbac.authorization.k8s.io", version: "v1", plural, kind, namespaced: true })
    create(KubeResource.serviceAccounts, manifest("service-account.yaml")[0]!)
    create(rbac("roles", "Role"), { ...manifest("role.yaml")[0]!, rules: granted } as KubeObject)
    create(rbac("rolebindings", "RoleBinding"), manifest("role-binding.yaml")[0]!)
    const issued = call("create", KubeResource.serviceAccounts, { metadata: { name: "fairlead-engine" }, apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} } as KubeObject, "token")
    const token = (issued.body as unknown as { readonly status: { readonly token: string } }).status.token

    const used = new Set<string>()
    const refused = new Set<string>()
    const failures: Array<{ readonly words: string; times: number }> = []
    const handle = fetchHandler(server)
    const fetch = async (request: Request): Promise<Response> => {
      const right = rightFor(request)
      const fault = failures.find((it) => it.times > 0 && `${request.method} ${request.url}`.includes(it.words))
      if (fault !== undefined) {
        fault.times--
        return new Response("broken", { status: 500 })
      }
      const response = await handle(request)
      ;(response.status === 403 ? refused : used).add(right)
      return response
    }
    const access: ClusterAccess = { description: "the service account", server: "http://api", namespace, tls: Effect.succeed({}), token: Effect.succeed(token), tokenAgeMax: 60_000 }
    const { settings } = Result.getOrThrow(readSettings({
      environment: {
        FAIRLEAD_ENGINE_NAMESPACE: namespace,
        FAIRLEAD_ENGINE_DATA_ROOT: `file://${folder}/data`,
        FAIRLEAD_DATASTORE_FILE_ROOT: folder,
        FAIRLEAD_ENGINE_GC_INTERVAL: "200 millis",
        FAIRLEAD_ENGINE_GC_TTL: "0 seconds",
        FAIRLEAD_ENGINE_REQUEUE_DURATION: "300 millis",
        FAIRLEAD_OBJECTS_CACHE_DELAY_MAX: "100 millis",
        FAIRLEAD_ENGINE_SYSTEM_FAILURE_DELAY_MIN: "50 millis",
        FAIRLEAD_LEADER_ELECTION_RETRY_PERIOD: "200 millis",
        FAIRLEAD_EVENTS_SINK: "none",
        ...settingsMore
      }
    }))
    const ended = new Map<string, string>()
    server.onWrite(({ event, resource }) => {
      const conditions = (event.object as { status?: { conditions?: ReadonlyArray<{ type: string; status: string }> } }).status?.conditions
      const end = conditions?.find(({ status, type }) => status === "True" && (type === "Succeeded" || type === "Failed"))
      if (resource.plural === "taskactions" && end !== undefined) ended.set(event.name, end.type)
    })
    const lost = yield* Deferred.make<never, ClusterEngine.Lost>()
    yield* Layer.build(ClusterEngine.layer({ settings, access, host: { environment: {}, hostName: "here" }, identity: "here_1", lost, fetch }))
    yield* Effect.promise(() => use({
      create,
      remove: (resource, name) => void call("delete", resource, { metadata: { name } }),
      get: (resource, name) => {
        const { body, code } = call("get", resource, { metadata: { name } })
        return code < 300 ? (body as KubeObject) : undefined
      },
      used,
      refused,
      ended,
      fail: (words, times) => void failures.push({ words, times }),
      health: () => health.report("ready").lines
    }))
  })
  const prepared = Layer.effectDiscard(Effect.map(FakeApiServer, (server) => {
    server.handle({ verb: "create", ...KubeResource.customResourceDefinitions, body: structuredClone(TaskActionCrd.definition) })
    server.handle({ verb: "create", ...KubeResource.namespaces, body: { metadata: { name: namespace } } })
  })).pipe(Layer.provideMerge(FakeApiServer.layer))
  const runtime = PodRuntimeScripted.make({ script: (pod) => ({ default: { run: pod.metadata.labels?.["action"]?.startsWith("long") === true ? "forever" : 50 } }) })
  const layer = Layer.mergeAll(FakeCluster.layer({ nodes: 1, runtime, allocatable: { cpu: "100", memory: "1Ti", pods: "100" } }), Health.layer).pipe(Layer.provideMerge(prepared), Layer.merge(Logger.layer([])))
  return Effect.runPromise(Effect.scoped(Effect.provide(program, layer, { local: true }))).finally(() => rmSync(folder, { recursive: true, force: true }))
}

const action = (name: string): KubeObject => taskAction(name, namespace)
const job = (name: string): KubeObject => {
  const object = action(name) as KubeObject & { spec: { task: object } }
  return { ...object, spec: { ...object.spec, task: { ...object.spec.task, type: "job" } } } as KubeObject
}

describe("the role of the deployment", () => {
  it("is enough for all that the engine does, and has nothing that it never uses", async () => {
    await withRules(rules, async (world) => {
      const there = (resource: KubeResource.KubeResource, name: string, is = true) =>
        expect.poll(() => world.get(resource, name) !== undefined, { timeout: 15_000 }).toBe(is)
      const longPod = () => expect.poll(() => (world.get(KubeResource.pods, "run-long-0") as { status?: { phase?: string } } | undefined)?.status?.phase, { timeout: 15_000 }).toBe("Running")

      world.create(KubeResource.taskActions, action("short"))
      await expect.poll(() => world.ended.get("run-short"), { timeout: 15_000 }).toBe("Succeeded")
      // Ended actions are collected, running ones aborted with their pods.
      await there(KubeResource.taskActions, "run-short", false)
      world.create(KubeResource.taskActions, action("long"))
      await longPod()
      world.remove(KubeResource.pods, "run-long-0")
      await there(KubeResource.pods, "run-long-0r1")
      world.remove(KubeResource.taskActions, "run-long")
      await there(KubeResource.taskActions, "run-long", false)
      // The same with a Job, once the engine has noted it: one that is gone before is simply launched.
      world.create(KubeResource.taskActions, job("long-job"))
      const phase = () => (world.get(KubeResource.taskActions, "run-long-job") as { status?: { pluginPhase?: string } } | undefined)?.status?.pluginPhase
      await expect.poll(phase, { timeout: 15_000 }).toBe("PhaseRunning")
      world.remove(KubeResource.jobs, "run-long-job-0")
      await there(KubeResource.jobs, "run-long-job-0r1")
      world.remove(KubeResource.taskActions, "run-long-job")
      await there(KubeResource.taskActions, "run-long-job", false)
      // Trouble that lasts becomes an event, and then its series.
      world.fail(`POST http://api/api/v1/namespaces/${namespace}/pods`, 3)
      world.create(KubeResource.taskActions, action("flaky"))
      await expect.poll(() => world.ended.get("run-flaky"), { timeout: 15_000 }).toBe("Succeeded")

      await expect.poll(() => [...world.used].toSorted(), { timeout: 10_000 }).toEqual(rightsOf(rules))
      expect([...world.refused]).toEqual([])
      expect(world.health().filter((it) => it.startsWith("[-]"))).toEqual([])
    })
  }, 60_000)

  it("is enough with that of the shares for engines that divide the actions", async () => {
    const more = rulesOf("shares/role.yaml")
    await withRules([...rules, ...more], async (world) => {
      for (const name of ["one", "two", "three"]) world.create(KubeResource.taskActions, action(name))
      for (const name of ["one", "two", "three"]) await expect.poll(() => world.ended.get(`run-${name}`), { timeout: 15_000 }).toBe("Succeeded")
      await expect.poll(() => [...world.used].filter((it) => it.endsWith(" leases")).toSorted(), { timeout: 10_000 }).toEqual(["create leases", "get leases", "list leases", "update leases"])
      expect([...world.refused]).toEqual([])
    }, { FAIRLEAD_LEADER_ELECTION_SHARES: "3" })
  }, 60_000)

  it.each(["create pods", "list pods", "patch taskactions", "patch taskactions/status", "watch taskactions", "get leases"])("is not enough without %s", async (right) => {
    const [verb, resource] = right.split(" ")
    const fewer = rules.map((rule) => ({ ...rule, verbs: rule.resources.includes(resource!) ? rule.verbs.filter((it) => it !== verb) : rule.verbs })).filter((rule) => rule.verbs.length > 0)
    await withRules(fewer, async (world) => {
      await new Promise((done) => setTimeout(done, 300))
      world.create(KubeResource.taskActions, action("short"))
      await expect.poll(() => [...world.refused], { timeout: 15_000 }).toEqual([right])
      await new Promise((done) => setTimeout(done, 500))
      expect(world.ended.get("run-short")).not.toBe("Succeeded")
    })
  }, 30_000)
})

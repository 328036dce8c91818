import { KubeClient, KubeResource, type Pod } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster, PodRuntimeFunction } from "../src/index.ts"
import { createPod, findPod, podOf, simulate, type World } from "./world.ts"

type Images = PodRuntimeFunction.PodRuntimeFunctionOptions["images"]

const run = <A, E>(images: Images, program: Effect.Effect<A, E, World>): A => simulate(program, { runtime: PodRuntimeFunction.make({ images }) })

const container = (image: string, more: Partial<(Pod["spec"] & object)["containers"][number]> = {}) => ({ name: "main", image, ...more })

const logOf = (pod: string, name = "main") => Effect.flatMap(FakeCluster, (it) => it.logs("default", pod, { container: name }))

const terminated = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]?.state?.terminated

const create = (kind: "ConfigMap" | "Secret", name: string, data: Record<string, string>) =>
  Effect.flatMap(KubeClient, (client) =>
    client.create(kind === "ConfigMap" ? KubeResource.configMaps : KubeResource.secrets, { apiVersion: "v1", kind, metadata: { namespace: "default", name }, data } as Pod))

describe("a program", () => {
  it.each<[string, PodRuntimeFunction.ContainerOutcome, object]>([
    ["nothing", undefined, { exitCode: 0, reason: "Completed" }],
    ["a number", 3, { exitCode: 3, reason: "Error" }],
    ["a whole story", { exitCode: 137, reason: "OOMKilled", message: "too much" }, { exitCode: 137, reason: "OOMKilled", message: "too much" }]
  ])("that answers %s ends so", (_, outcome, expected) => {
    run({ work: () => Effect.as(Effect.sleep("3 seconds"), outcome) }, Effect.gen(function*() {
      yield* createPod(podOf("p", { containers: [container("work")] }))
      yield* Effect.sleep("2 seconds")
      expect((yield* findPod("p"))?.status?.phase).toBe("Running")
      yield* Effect.sleep("2 seconds")
      expect(terminated(yield* findPod("p"))).toMatchObject({ ...expected, finishedAt: "2026-01-01T00:00:03Z" })
    }))
  })

  it("that fails or dies ends with 1 and tells its log why", () => {
    run({ fails: () => Effect.fail({ _tag: "NoLuck", message: "no luck" }), dies: () => Effect.die("broken") }, Effect.gen(function*() {
      yield* createPod(podOf("a", { containers: [container("fails")] }))
      yield* createPod(podOf("b", { containers: [container("dies", { terminationMessagePolicy: "FallbackToLogsOnError" })] }))
      yield* Effect.sleep("1 second")
      expect(terminated(yield* findPod("a"))?.exitCode).toBe(1)
      expect(yield* logOf("a")).toContain("no luck")
      expect(terminated(yield* findPod("b"))?.message).toContain("broken")
    }))
  })

  it("writes to its log and to its termination message", () => {
    const work: PodRuntimeFunction.ContainerProgram = ({ files, log }) =>
      Effect.gen(function*() {
        yield* log("one")
        yield* log("two\n")
        files.write("/dev/termination-log", "the end")
      })
    run({ work }, Effect.gen(function*() {
      yield* createPod(podOf("p", { containers: [container("work")] }))
      yield* Effect.sleep("1 second")
      expect(yield* logOf("p")).toBe("one\ntwo\n")
      expect(terminated(yield* findPod("p"))?.message).toBe("the end")
    }))
  })

  it("that nobody has given cannot be pulled", () => {
    run({}, Effect.gen(function*() {
      yield* createPod(podOf("p", { containers: [container("toString")] }))
      yield* Effect.sleep(500)
      expect((yield* findPod("p"))?.status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: "ErrImagePull",
        message: 'failed to pull and unpack image "toString": not found'
      })
    }))
  })
})

describe("stopping", () => {
  const remove = Effect.flatMap(KubeClient, (client) => client.delete(KubeResource.pods, { namespace: "default", name: "p" }))

  it("interrupts a program, unless it handles that itself within its grace period", () => {
    const ends: Array<string> = []
    const end = (what: string) => Effect.map(Clock.currentTimeMillis, (now) => void ends.push(`${what} ${now % 60_000}`))
    const forever: PodRuntimeFunction.ContainerProgram = () => Effect.onInterrupt(Effect.never, () => end("interrupted"))
    const graceful: PodRuntimeFunction.ContainerProgram = ({ stopping }) =>
      Effect.gen(function*() {
        yield* stopping
        yield* Effect.sleep("7 seconds")
        yield* end("finished")
      })
    const stubborn: PodRuntimeFunction.ContainerProgram = () => Effect.onInterrupt(Effect.never, () => end("killed"))
    run({ forever, graceful: { program: graceful, handlesStop: true }, stubborn: { program: stubborn, handlesStop: true } }, Effect.gen(function*() {
      const containers = ["forever", "graceful", "stubborn"].map((it) => container(it, { name: it }))
      yield* createPod(podOf("p", { containers, terminationGracePeriodSeconds: 20 }))
      yield* Effect.sleep("10 seconds")
      yield* remove
      yield* Effect.sleep("30 seconds")
      expect(ends).toEqual(["interrupted 10000", "finished 17000", "killed 30000"])
      expect(yield* findPod("p")).toBeUndefined()
    }))
  })

  it("the cluster stops its programs", () => {
    let isStopped = false
    const work = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => { isStopped = true }))
    run({ work }, Effect.gen(function*() {
      yield* createPod(podOf("p", { containers: [container("work")] }))
      yield* Effect.sleep("1 second")
    }))
    expect(isStopped).toBe(true)
  })
})

describe("the environment", () => {
  const show: PodRuntimeFunction.ContainerProgram = ({ args, command, env, log }) => log(JSON.stringify({ command, args, env: Object.fromEntries(env) }))

  it("comes from values, fields, resources, config maps and secrets, and is expanded in command and arguments", () => {
    run({ show }, Effect.gen(function*() {
      yield* create("ConfigMap", "settings", { color: "blue", size: "9" })
      yield* create("Secret", "keys", { token: btoa("s3cret") })
      yield* createPod(podOf("p", {
        containers: [container("show", {
          command: ["run", "--$(GREETING)"],
          args: ["$(SETTING_color)", "$$(GREETING)", "$(UNKNOWN)", "$"],
          resources: { limits: { cpu: "1500m", memory: "1Gi" } },
          envFrom: [{ prefix: "SETTING_", configMapRef: { name: "settings" } }, { secretRef: { name: "absent", optional: true } }],
          env: [
            { name: "NAME", value: "world" },
            { name: "GREETING", value: "hello $(NAME)" },
            { name: "SETTING_size", value: "10" },
            { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "LABEL", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
            { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
            { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
            { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "requests.memory", divisor: "1Mi" } } },
            { name: "COLOR", valueFrom: { configMapKeyRef: { name: "settings", key: "color" } } },
            { name: "TOKEN", valueFrom: { secretKeyRef: { name: "keys", key: "token" } } },
            { name: "MAYBE", valueFrom: { secretKeyRef: { name: "keys", key: "other", optional: true } } }
          ]
        })]
      }, { labels: { app: "demo" } }))
      yield* Effect.sleep("1 second")
      expect(JSON.parse((yield* logOf("p")) ?? "")).toEqual({
        command: ["run", "--hello world"],
        args: ["blue", "$(GREETING)", "$(UNKNOWN)", "$"],
        env: {
          SETTING_color: "blue", SETTING_size: "10", NAME: "world", GREETING: "hello world", POD: "p", LABEL: "demo", NODE: "node-1",
          CPU: "2", MEMORY: "1024", COLOR: "blue", TOKEN: "s3cret"
        }
      })
    }))
  })

  it.each([
    ["an absent secret", { secretKeyRef: { name: "absent", key: "k" } }, 'secret "absent" not found'],
    ["an absent config map", { configMapKeyRef: { name: "absent", key: "k" } }, 'configmap "absent" not found'],
    ["an absent key", { secretKeyRef: { name: "keys", key: "k" } }, "couldn't find key k in Secret default/keys"]
  ])("keeps the container from being created for %s until it is there", (_, valueFrom, message) => {
    run({ show }, Effect.gen(function*() {
      yield* create("Secret", "keys", { token: btoa("s3cret") })
      yield* createPod(podOf("p", { containers: [container("show", { env: [{ name: "A", valueFrom }] })] }))
      yield* Effect.sleep("5 seconds")
      expect((yield* findPod("p"))?.status?.containerStatuses?.[0]?.state?.waiting).toEqual({ reason: "CreateContainerConfigError", message })
      const client = yield* KubeClient
      if (message.includes("couldn't")) yield* client.patch(KubeResource.secrets, { namespace: "default", name: "keys" }, "merge", { data: { k: btoa("v") } })
      else yield* create(message.startsWith("secret") ? "Secret" : "ConfigMap", "absent", { k: btoa("v") })
      yield* Effect.sleep("10 seconds")
      expect((yield* findPod("p"))?.status?.phase).toBe("Succeeded")
    }))
  })
})

describe("volumes", () => {
  const list: PodRuntimeFunction.ContainerProgram = ({ args, files, log }) =>
    Effect.forEach(files.list(args[0] ?? "/"), (path) => log(`${path}=${files.readText(path)}`), { discard: true })

  it("show config maps, secrets, projections and facts about the pod as files", () => {
    run({ list }, Effect.gen(function*() {
      yield* create("ConfigMap", "settings", { a: "1", b: "2" })
      yield* create("Secret", "keys", { token: btoa("s3cret") })
      yield* createPod(podOf("p", {
        volumes: [
          { name: "map", configMap: { name: "settings" } },
          { name: "some", configMap: { name: "settings", items: [{ key: "b", path: "deep/b.txt" }] } },
          { name: "secret", secret: { secretName: "keys" } },
          {
            name: "all",
            projected: {
              sources: [
                { configMap: { name: "settings", items: [{ key: "a", path: "a" }] } },
                { secret: { name: "keys" } },
                { downwardAPI: { items: [{ path: "notes", fieldRef: { fieldPath: "metadata.annotations" } }] } }
              ]
            }
          }
        ],
        containers: [container("list", {
          args: ["/mnt"],
          volumeMounts: ["map", "some", "secret", "all"].map((name) => ({ name, mountPath: `/mnt/${name}` }))
        })]
      }, { annotations: { tier: 'a"b', app: "demo" } }))
      yield* Effect.sleep("1 second")
      expect((yield* logOf("p"))?.trim().split("\n")).toEqual([
        "/mnt/all/a=1", '/mnt/all/notes=app="demo"', 'tier="a\\"b"', "/mnt/all/token=s3cret",
        "/mnt/map/a=1", "/mnt/map/b=2", "/mnt/secret/token=s3cret", "/mnt/some/deep/b.txt=2"
      ])
    }))
  })

  it("are shared by the containers of a pod, and claims and host folders by all pods", () => {
    const write: PodRuntimeFunction.ContainerProgram = ({ files }) =>
      Effect.sync(() => {
        files.write("/scratch/x", "pod")
        files.write("/claim/x", "claim")
        files.write("/host/x", "host")
        expect(files.write("/readonly/x", "no")).toBe(false)
      })
    const volumes = [
      { name: "scratch", emptyDir: {} },
      { name: "claim", persistentVolumeClaim: { claimName: "data" } },
      { name: "host", hostPath: { path: "/srv" } },
      { name: "settings", emptyDir: {} }
    ]
    const mounts = (base: string) => ["scratch", "claim", "host"].map((name) => ({ name, mountPath: `${base}/${name}` }))
    run({ write, list }, Effect.gen(function*() {
      yield* createPod(podOf("one", {
        volumes,
        initContainers: [container("write", { name: "init", volumeMounts: [...mounts(""), { name: "settings", mountPath: "/readonly", readOnly: true }] })],
        containers: [container("list", { args: ["/x"], volumeMounts: mounts("/x") })]
      }))
      yield* Effect.sleep("1 second")
      expect(yield* logOf("one")).toBe("/x/claim/x=claim\n/x/host/x=host\n/x/scratch/x=pod\n")
      yield* createPod(podOf("two", { volumes, containers: [container("list", { args: ["/x"], volumeMounts: mounts("/x") })] }))
      yield* Effect.sleep("1 second")
      expect(yield* logOf("two")).toBe("/x/claim/x=claim\n/x/host/x=host\n")
    }))
  })

  it.each([
    ["an absent config map", { configMap: { name: "absent" } }],
    ["a kind that needs a storage system", { nfs: { server: "s", path: "/" } }]
  ])("hold the pod in ContainerCreating for %s", (_, source) => {
    run({ list }, Effect.gen(function*() {
      yield* createPod(podOf("p", { volumes: [{ name: "v", ...source }], containers: [container("list")] }))
      yield* Effect.sleep("5 seconds")
      const pod = yield* findPod("p")
      expect(pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe("ContainerCreating")
      expect(pod?.status?.conditions?.find((it) => it.type === "PodReadyToStartContainers")?.status).toBe("False")
    }))
  })
})

/** Bytes for one cached pod under each transform; an informer in Go was measured with about 37 KiB. Run with `node --expose-gc bench/memory.ts`. */
import { Effect, Layer } from "effect"
import { type KubeList, KubeResource, KubeTransport, type Pod } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Informer, Transform } from "../src/index.ts"

const count = 10_000
const pageSize = 500

/** A running pod as a cluster with a service mesh and a device plugin shows it: about 5 kB of JSON, managedFields included. */
const podText = (i: number): string => {
  const time = `2026-01-01T00:${String(i % 60).padStart(2, "0")}:00Z`
  const env = Array.from({ length: 12 }, (_, n) => ({ name: `FLYTE_INTERNAL_VARIABLE_${n}`, value: `value-${n}-of-task-${i}` }))
  const fields = Object.fromEntries(env.map((it) => [`k:{"name":"${it.name}"}`, { ".": {}, "f:name": {}, "f:value": {} }]))
  return JSON.stringify({
    metadata: {
      name: `run-${i % 97}-action-${i}-0`, namespace: `project-${i % 20}-development`, uid: `0a1b2c3d-0000-4000-8000-${String(i).padStart(12, "0")}`,
      resourceVersion: String(100_000 + i), creationTimestamp: time,
      labels: { "run-name": `run-${i % 97}`, "action-name": `action-${i}`, project: `project-${i % 20}`, domain: "development", "execution-id": `e${i}` },
      annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "primary-container": `action-${i}` },
      ownerReferences: [{ apiVersion: "flyte.org/v1", kind: "TaskAction", name: `action-${i}`, uid: `ffffffff-0000-4000-8000-${String(i).padStart(12, "0")}`, controller: true, blockOwnerDeletion: true }],
      managedFields: [
        { manager: "fairlead", operation: "Update", apiVersion: "v1", time, fieldsType: "FieldsV1", fieldsV1: { "f:metadata": { "f:labels": { ".": {}, "f:run-name": {} } }, "f:spec": { "f:containers": { [`k:{"name":"action-${i}"}`]: { ".": {}, "f:env": { ".": {}, ...fields } } } } } },
        { manager: "kubelet", operation: "Update", apiVersion: "v1", time, subresource: "status", fieldsType: "FieldsV1", fieldsV1: { "f:status": { "f:conditions": {}, "f:containerStatuses": {}, "f:phase": {}, "f:podIP": {} } } }
      ]
    },
    spec: {
      containers: [{
        name: `action-${i}`, image: "registry.example.org/team/project/training:2026.01.01-abcdef", command: ["pyflyte-fast-execute"], args: ["--inputs", `s3://bucket/metadata/run-${i}/inputs.pb`, "--output-prefix", `s3://bucket/metadata/run-${i}/0`], env,
        resources: { limits: { cpu: "2", memory: "4Gi" }, requests: { cpu: "2", memory: "4Gi" } }, volumeMounts: [{ name: "kube-api-access", readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }],
        terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "FallbackToLogsOnError", imagePullPolicy: "IfNotPresent"
      }],
      volumes: [{ name: "kube-api-access", projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }], defaultMode: 420 } }],
      restartPolicy: "Never", terminationGracePeriodSeconds: 30, dnsPolicy: "ClusterFirst", serviceAccountName: "default", nodeName: `node-${i % 100}`, schedulerName: "default-scheduler",
      tolerations: ["not-ready", "unreachable"].map((it) => ({ key: `node.kubernetes.io/${it}`, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 })), priority: 0, enableServiceLinks: true, preemptionPolicy: "PreemptLowerPriority"
    },
    status: {
      phase: "Running", hostIP: `10.0.0.${i % 250}`, podIP: `10.1.${i % 250}.${i % 199}`, startTime: time, qosClass: "Guaranteed",
      conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({ type, status: "True", lastProbeTime: null, lastTransitionTime: time })),
      containerStatuses: [{ name: `action-${i}`, state: { running: { startedAt: time } }, lastState: {}, ready: true, restartCount: 0, image: "registry.example.org/team/project/training:2026.01.01-abcdef", imageID: "registry.example.org/team/project/training@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", containerID: `containerd://${String(i).padStart(64, "0")}`, started: true }]
    }
  })
}

const transport = Layer.succeed(KubeTransport, {
  request: (request) => Effect.sync((): KubeList => {
    const from = Number(request.query?.["continue"] ?? 0)
    const items = Array.from({ length: Math.min(pageSize, count - from) }, (_, i) => podText(from + i))
    const next = from + pageSize < count ? `,"continue":"${from + pageSize}"` : ""
    return JSON.parse(`{"metadata":{"resourceVersion":"1000000"${next}},"items":[${items.join(",")}]}`) as KubeList
  }),
  watch: () => Effect.never
})

const { gc } = globalThis
if (gc === undefined) throw new Error("run this with node --expose-gc, or with npm run bench")
const heap = (): number => {
  for (let i = 0; i < 4; i++) gc()
  return process.memoryUsage().heapUsed
}

const trimmed: Transform<Pod> = (object) => {
  const { metadata, spec, status } = Transform.dropManagedFields<Pod>(object)
  const container = (it: NonNullable<Pod["spec"]>["containers"][number]) => ({ name: it.name, image: it.image ?? "" })
  return { metadata, spec: { containers: spec!.containers.map(container), nodeName: spec!.nodeName! }, status: status! }
}

for (const [name, transform] of [["everything", (it) => it as Pod], ["without managedFields (default)", undefined], ["trimmed to names, images and status", trimmed], ["metadata only", Transform.metadataOnly as Transform<Pod>]] as ReadonlyArray<[string, Transform<Pod> | undefined]>) {
  const before = heap()
  const held = Simulation.make({ seed: 1 }).run(Effect.scoped(Effect.gen(function*() {
    const informer = yield* Informer.make<Pod>({ resource: KubeResource.pods, transform, pageSize, indexes: { node: (pod) => [pod.spec?.nodeName ?? ""] } })
    yield* informer.synced
    return { store: informer.store, bytes: (heap() - before) / count }
  })).pipe(Effect.provide(transport)))
  if (held._tag === "Failure") throw new Error(String(held.cause))
  if (held.value.store.size !== count) throw new Error(`the store holds ${held.value.store.size} pods`)
  console.log(JSON.stringify({ name: `a cached pod, ${name}`, value: Math.round(held.value.bytes), unit: "B", atMost: 37 * 1024, baseline: podText(1).length }))
}

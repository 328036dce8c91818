/** The nodes of a fake cluster: what they look like, and how they get into the API server. */
import { jsonEqual, KubeClient, KubeError, KubeResource, KubeTime, type Node } from "@fairlead/kube"
import { Clock, Duration, Effect, type Scope } from "effect"

/** One node. */
export interface NodeTemplate {
  readonly name: string
  readonly labels?: { readonly [key: string]: string } | undefined
  readonly taints?: ReadonlyArray<{ readonly key: string; readonly value?: string; readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute" }> | undefined
  /** What pods can have, as quantities; entries replace those of `allocatableDefault`. */
  readonly allocatable?: { readonly [resource: string]: string } | undefined
}

/** What a node offers that is not told otherwise. */
export const allocatableDefault = { cpu: "16", memory: "64Gi", "ephemeral-storage": "256Gi", pods: "110" } as const

/** Nodes that differ only in their number: `node-1`, `node-2`, …. */
export const numbered = (count: number, allocatable: NodeTemplate["allocatable"] = {}): ReadonlyArray<NodeTemplate> =>
  Array.from({ length: count }, (_, at) => ({ name: `node-${at + 1}`, allocatable }))

/** Address of the node at a position, from 10.0.0.1 on. */
export const addressAt = (at: number): string => `10.0.${Math.floor((at + 1) / 256)}.${(at + 1) % 256}`

/** Creates a node, or brings an existing one up to date, and makes it ready. */
export const register = Effect.fnUntraced(function*(template: NodeTemplate, address: string): Effect.fn.Return<void, KubeError.KubeError, KubeClient> {
  const client = yield* KubeClient
  const now = yield* Clock.currentTimeMillis
  const { name } = template
  const labels = { "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", ...template.labels }
  const taints = [...(template.taints ?? [])]
  const spec = taints.length === 0 ? {} : { taints }
  const node = { apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec }
  const created = yield* client.create<Node>(KubeResource.nodes, node).pipe(
    Effect.catch((error) => (error.reason._tag === "AlreadyExists" ? client.get<Node>(KubeResource.nodes, { name }) : error))
  )
  yield* client.patch(KubeResource.nodes, { name, subresource: "status" }, "merge", { status: nodeStatus(template, address, now) })
  // A new node is tainted as not ready; whoever makes it ready has to take that away again.
  if (!jsonEqual(created.spec?.taints ?? [], taints)) yield* client.patch(KubeResource.nodes, { name }, "merge", { spec: { taints } })
})

const nodeStatus = (template: NodeTemplate, address: string, now: number): unknown => {
  const allocatable = { ...allocatableDefault, ...template.allocatable }
  const condition = (type: string, status: string, reason: string, message: string): unknown => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: KubeTime.format(now),
    lastTransitionTime: KubeTime.format(now)
  })
  return {
    addresses: [{ type: "InternalIP", address }, { type: "Hostname", address: template.name }],
    allocatable,
    capacity: allocatable,
    conditions: [
      condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
      condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
      condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
      condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      architecture: "amd64",
      bootID: "",
      containerRuntimeVersion: "fairlead://0.1.0",
      kernelVersion: "",
      kubeProxyVersion: "",
      kubeletVersion: "v1.36.2",
      machineID: "",
      operatingSystem: "linux",
      osImage: "Fairlead",
      systemUUID: ""
    }
  }
}

const leaseNamespace = "kube-node-lease"

/** Renews the lease of a node for ever, as a kubelet does to show that it is alive. */
export const heartbeat = Effect.fnUntraced(function*(name: string, every: Duration.Input, isThere: () => boolean = () => true): Effect.fn.Return<never, never, KubeClient | Scope.Scope> {
  const client = yield* KubeClient
  const beat = Effect.gen(function*() {
    const renewTime = `${KubeTime.format(yield* Clock.currentTimeMillis).slice(0, -1)}.000000Z`
    yield* client.patch(KubeResource.leases, { namespace: leaseNamespace, name }, "merge", { spec: { renewTime } }).pipe(
      Effect.catch((error) => (error.reason._tag === "NotFound" ? client.create(KubeResource.leases, leaseOf(name, renewTime)) : error))
    )
  })
  const survive = Effect.catch(beat, (error) => Effect.logWarning(`the lease of node ${name} was not renewed: ${error.message}`))
  return yield* Effect.forever(Effect.andThen(Effect.suspend(() => (isThere() ? survive : Effect.void)), Effect.sleep(every)))
})

const leaseOf = (name: string, renewTime: string) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { namespace: leaseNamespace, name },
  spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime }
})

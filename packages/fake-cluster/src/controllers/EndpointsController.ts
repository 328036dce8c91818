/** Lists the addresses of the pods behind services, as endpoints and as endpoint slices. */
import { Controller, OwnerReferences, Result, Source } from "@fairlead/controller"
import { type Endpoints, type EndpointSlice, jsonEqual, KubeClient, KubeError, type KubeObject, KubeResource, type Node, type Pod, type Service } from "@fairlead/kube"
import { Effect } from "effect"
import { type BackendGroup, groupsOf, hasSelector, isHeadless, targetRef } from "../internal/network/endpointFacts.ts"
import { calmly, type SliceContent, syncSlices } from "../internal/network/sliceSync.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

/** Label of a slice: the service that it belongs to. */
export const serviceNameKey = "kubernetes.io/service-name"
/** Label of a slice: who looks after it. */
export const managedByKey = "endpointslice.kubernetes.io/managed-by"
const slicesManagedBy = "endpointslice-controller.k8s.io"
const headlessKey = "service.kubernetes.io/headless"
const endpointsManagedBy = { "endpoints.kubernetes.io/managed-by": "endpoint-controller" }

/** Addresses in one slice at most. */
const sliceMost = 100

/** Runs until interrupted. Slices go with their service by their owner references, endpoints are deleted here. */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const services = setting.follow<Service>(KubeResource.services)
  const slices = setting.follow<EndpointSlice>(KubeResource.endpointSlices)
  const endpoints = setting.follow<Endpoints>(KubeResource.endpoints)
  const servicesOf = (pod: Pod) =>
    services.store.list().filter((it) => it.metadata.namespace === pod.metadata.namespace && hasSelector(it) && Object.entries(it.spec!.selector!).every(([key, value]) => pod.metadata.labels?.[key] === value))
      .map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name! }))
  const ownerOf = ({ metadata }: EndpointSlice) => (metadata.labels?.[managedByKey] === slicesManagedBy ? [{ namespace: metadata.namespace, name: metadata.labels[serviceNameKey] ?? "" }] : [])
  return Controller.run({
    name: "endpoints",
    workers: 5,
    shutdownTimeout: 0,
    queue,
    sources: [Source.of(services), Source.of(endpoints), Source.mapped(slices, ownerOf), Source.mapped(setting.pods, servicesOf)],
    reconcile: Effect.fnUntraced(function*({ name, namespace = "" }) {
      const service = services.store.get(namespace, name)
      const stored = endpoints.store.get(namespace, name)
      if (service === undefined) {
        const isOurs = stored?.metadata.labels?.["endpoints.kubernetes.io/managed-by"] !== undefined
        if (isOurs) yield* unlessGone(setting.client.delete(KubeResource.endpoints, { namespace, name }))
        return Result.done
      }
      if (!hasSelector(service) || service.metadata.deletionTimestamp !== undefined) return Result.done
      const groups = groupsOf(service, setting.podIndex.ofNamespace(namespace))
      yield* syncEndpoints(setting.client, service, stored, groups)
      const own = slices.store.list().filter((it) => it.metadata.namespace === namespace && ownerOf(it).some((owner) => owner.name === name))
      const labels = { ...service.metadata.labels, ...headlessLabel(service), [serviceNameKey]: name, [managedByKey]: slicesManagedBy }
      const owner = { name, namespace, labels, ownerReferences: [OwnerReferences.to(KubeResource.services, service)] }
      yield* syncSlices(setting.client, owner, own, slicesOf(setting, service, groups))
      return Result.done
    })
  })
}

const headlessLabel = (service: Service): { readonly [key: string]: string } => (isHeadless(service) ? { [headlessKey]: "" } : {})

const syncEndpoints = (client: KubeClient["Service"], service: Service, stored: Endpoints | undefined, groups: ReadonlyArray<BackendGroup>): Effect.Effect<void, KubeError.KubeError> => {
  const { name, namespace } = service.metadata
  const labels = { ...service.metadata.labels, ...headlessLabel(service), ...endpointsManagedBy }
  const subsets = groups.flatMap(({ backends, ports }) => {
    const address = ({ ip, pod }: BackendGroup["backends"][number]) => ({
      ip,
      ...(pod.spec?.hostname !== undefined && pod.spec.subdomain === name ? { hostname: pod.spec.hostname } : {}),
      ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
      targetRef: targetRef(pod)
    })
    const ready = backends.filter((it) => it.ready).map(address)
    const rest = backends.filter((it) => !it.ready && !it.terminating).map(address)
    if (ready.length + rest.length === 0) return []
    const listed = ports.map(({ name: port, ...other }) => (port === "" ? other : { name: port, ...other }))
    return [{ ...(ready.length === 0 ? {} : { addresses: ready }), ...(rest.length === 0 ? {} : { notReadyAddresses: rest }), ...(listed.length === 0 ? {} : { ports: listed }) }]
  })
  const wanted = { labels, ...(subsets.length === 0 ? {} : { subsets }) }
  if (stored !== undefined && jsonEqual({ labels: stored.metadata.labels, ...(stored.subsets === undefined ? {} : { subsets: stored.subsets }) }, wanted)) return Effect.void
  const { subsets: _, ...before } = stored ?? { apiVersion: "v1", kind: "Endpoints", metadata: { name: name!, namespace: namespace! } }
  const object = { ...before, metadata: { ...before.metadata, labels }, ...(subsets.length === 0 ? {} : { subsets }) } as KubeObject
  return calmly(stored === undefined ? client.create(KubeResource.endpoints, object) : client.update(KubeResource.endpoints, object))
}

const slicesOf = ({ follow }: ControllerSetting, service: Service, groups: ReadonlyArray<BackendGroup>): ReadonlyArray<SliceContent> => {
  const { name } = service.metadata
  const nodes = follow<Node>(KubeResource.nodes)
  const addressType = service.spec?.ipFamilies?.[0] ?? "IPv4"
  return (groups.length === 0 ? [{ ports: [], backends: [] }] : groups).flatMap(({ backends, ports }) => {
    const endpoints = backends.map(({ ip, pod, ready, serving, terminating }) => {
      const zone = nodes.store.get(undefined, pod.spec?.nodeName ?? "")?.metadata.labels?.["topology.kubernetes.io/zone"]
      return {
        addresses: [ip],
        conditions: { ready, serving, terminating },
        ...(pod.spec?.hostname !== undefined && pod.spec.subdomain === name ? { hostname: pod.spec.hostname } : {}),
        targetRef: targetRef(pod),
        ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
        ...(zone === undefined ? {} : { zone })
      }
    })
    const parts = Array.from({ length: Math.max(1, Math.ceil(endpoints.length / sliceMost)) }, (_, at) => endpoints.slice(at * sliceMost, (at + 1) * sliceMost))
    return parts.map((part) => ({ addressType, endpoints: part, ports }))
  })
}

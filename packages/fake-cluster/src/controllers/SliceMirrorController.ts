/** Makes endpoint slices of endpoints that somebody writes by hand for a service without a selector. */
import { Controller, OwnerReferences, Result, Source } from "@fairlead/controller"
import { type Endpoints, type EndpointSlice, KubeResource, type Service } from "@fairlead/kube"
import { Effect } from "effect"
import { hasSelector } from "../internal/network/endpointFacts.ts"
import { type SliceContent, syncSlices } from "../internal/network/sliceSync.ts"
import { managedByKey, serviceNameKey } from "./EndpointsController.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

const managedBy = "endpointslicemirroring-controller.k8s.io"
const skipKey = "endpointslice.kubernetes.io/skip-mirror"
const leaderKey = "control-plane.alpha.kubernetes.io/leader"

/** Endpoints that are to be mirrored: not those of leader elections, nor those that say no. */
const isMirrored = ({ metadata }: Endpoints): boolean => metadata.labels?.[skipKey] !== "true" && metadata.annotations?.[leaderKey] === undefined

/** One slice for each list of ports and each family of addresses. */
export const mirror = ({ subsets = [] }: Endpoints): ReadonlyArray<SliceContent> =>
  subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const all = [...addresses.map((it) => ({ ...it, ready: true })), ...notReadyAddresses.map((it) => ({ ...it, ready: false }))]
    return ["IPv4", "IPv6"].flatMap((addressType) => {
      const endpoints = all.filter(({ ip }) => ip.includes(":") === (addressType === "IPv6")).map(({ ip, ready, ...more }) => ({ addresses: [ip], conditions: { ready }, ...more }))
      return endpoints.length === 0 ? [] : [{ addressType, endpoints, ports: ports.map(({ name = "", ...port }) => ({ name, ...port })) }]
    })
  })

/** Runs until interrupted. */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const endpoints = setting.follow<Endpoints>(KubeResource.endpoints)
  const services = setting.follow<Service>(KubeResource.services)
  const slices = setting.follow<EndpointSlice>(KubeResource.endpointSlices)
  const isOurs = (it: EndpointSlice): boolean => it.metadata.labels?.[managedByKey] === managedBy
  return Controller.run({
    name: "endpointslice-mirroring",
    workers: 5,
    shutdownTimeout: 0,
    queue,
    sources: [
      Source.of(endpoints),
      Source.of(services),
      Source.mapped(slices, (it) => (isOurs(it) ? [{ namespace: it.metadata.namespace, name: it.metadata.labels?.[serviceNameKey] ?? "" }] : []))
    ],
    reconcile: Effect.fnUntraced(function*({ name, namespace = "" }) {
      const found = endpoints.store.get(namespace, name)
      const service = services.store.get(namespace, name)
      const own = slices.store.list().filter((it) => it.metadata.namespace === namespace && isOurs(it) && it.metadata.labels?.[serviceNameKey] === name)
      const isWanted = found !== undefined && isMirrored(found) && service !== undefined && Object.keys(service.spec?.selector ?? {}).length === 0 && !hasSelector(service)
      if (!isWanted && own.length === 0) return Result.done
      const labels = { ...found?.metadata.labels, [serviceNameKey]: name, [managedByKey]: managedBy }
      const ownerReferences = found === undefined ? [] : [OwnerReferences.to(KubeResource.endpoints, found)]
      yield* syncSlices(setting.client, { name, namespace, labels, ownerReferences }, own, isWanted ? mirror(found) : [])
      return Result.done
    })
  })
}

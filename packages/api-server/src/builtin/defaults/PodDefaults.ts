/** Defaults of pods and their containers that depend on other fields, and what conversion makes the same. */
import { Quantity } from "@fairlead/kube"
import type { Defaults } from "../Decode.ts"
import { isObject, sizeOf, type Fields } from "../Sharing.ts"
import { pullPolicyOf } from "./ImageName.ts"

/** Every field of a volume but its name is a source. */
const hasSource = (volume: Fields): boolean => {
  for (const key in volume) if (key !== "name") return true
  return false
}

const volume: Defaults = (out) => {
  if (!hasSource(out)) out["emptyDir"] = {}
  const image = out["image"]
  if (isObject(image) && image["pullPolicy"] === undefined) {
    out["image"] = { ...image, pullPolicy: pullPolicyOf((image["reference"] as string | undefined) ?? "") }
  }
}

/** The deprecated name of the account always says the same. */
const podSpec: Defaults = (spec) => {
  const account = spec["serviceAccountName"] ?? spec["serviceAccount"]
  if (account === undefined) return
  spec["serviceAccountName"] = account
  spec["serviceAccount"] = account
}

const withRequests = (container: Fields): Fields => {
  const resources = container["resources"] as Fields | undefined
  const limits = resources?.["limits"] as Fields | undefined
  if (resources === undefined || limits === undefined) return container
  const requests = resources["requests"] as Fields | undefined
  if (requests !== undefined && Object.keys(limits).every((name) => Object.hasOwn(requests, name))) return container
  const { claims, ...rest } = resources
  return { ...container, resources: { ...rest, requests: { ...limits, ...requests }, ...(claims === undefined ? {} : { claims }) } }
}

const withHostPorts = (container: Fields): Fields => {
  const ports = container["ports"] as ReadonlyArray<Fields> | undefined
  if (ports === undefined || ports.every((port) => port["hostPort"] !== undefined)) return container
  return {
    ...container,
    ports: ports.map((port) => {
      if (port["hostPort"] !== undefined || port["containerPort"] === 0) return port
      const { name, ...rest } = port
      return { ...(name === undefined ? {} : { name }), hostPort: port["containerPort"], ...rest }
    })
  }
}

const mapped = (spec: Fields, list: string, change: (container: Fields) => Fields): Fields => {
  const before = spec[list] as ReadonlyArray<Fields> | null | undefined
  const after = before?.map(change)
  return after === undefined || after.every((item, i) => item === before?.[i]) ? spec : { ...spec, [list]: after }
}

const oldAnnotations = [
  "pod.beta.kubernetes.io/init-containers",
  "pod.alpha.kubernetes.io/init-containers",
  "pod.beta.kubernetes.io/init-container-statuses",
  "pod.alpha.kubernetes.io/init-container-statuses"
]

/** Annotations that once held init containers are dropped wherever they appear. */
const dropOldAnnotations: Defaults = (out) => {
  const metadata = out["metadata"] as Fields | undefined
  const annotations = metadata?.["annotations"] as Fields | undefined
  if (annotations === undefined || !oldAnnotations.some((name) => Object.hasOwn(annotations, name))) return
  const kept = Object.fromEntries(Object.entries(annotations).filter(([name]) => !oldAnnotations.includes(name)))
  const { annotations: _, ...rest } = metadata as Fields
  out["metadata"] = sizeOf(kept) === 0 ? rest : { ...rest, annotations: kept }
}

const pod: Defaults = (out, previous) => {
  dropOldAnnotations(out, previous)
  if (out["spec"] === previous?.["spec"]) return
  let spec = mapped(mapped(out["spec"] as Fields, "containers", withRequests), "initContainers", withRequests)
  if (isObject(spec["resources"])) spec = withPodResources(spec)
  if (spec["enableServiceLinks"] === undefined) spec = { ...spec, enableServiceLinks: true }
  if ((spec["terminationGracePeriodSeconds"] as number) < 0) spec = { ...spec, terminationGracePeriodSeconds: 1 }
  if (spec["hostNetwork"] === true) spec = mapped(mapped(spec, "containers", withHostPorts), "initContainers", withHostPorts)
  out["spec"] = spec
}

const isPodLevel = (name: string): boolean => name === "cpu" || name === "memory" || name.startsWith("hugepages-")

const sumOf = (spec: Fields, kind: "requests" | "limits"): Fields => {
  const sum: Fields = {}
  for (const container of (spec["containers"] ?? []) as ReadonlyArray<Fields>) {
    const list = ((container["resources"] as Fields | undefined)?.[kind] ?? {}) as Fields
    for (const name in list) {
      const [before, more] = [Quantity.parse((sum[name] ?? "0") as string), Quantity.parse(list[name] as string)]
      if (before !== undefined && more !== undefined) sum[name] = Quantity.format(Quantity.add(before, more))
    }
  }
  return sum
}

/** Resources of the pod as a whole take what its containers ask for, and requests take the limits. */
const withPodResources = (spec: Fields): Fields => {
  const resources = spec["resources"] as Fields
  const requests = (resources["requests"] ?? {}) as Fields
  const given = (resources["limits"] ?? {}) as Fields
  if (sizeOf(given) === 0 && sizeOf(requests) === 0) return spec
  const limits: Fields = { ...given }
  const containerLimits = sumOf(spec, "limits")
  for (const name in containerLimits) {
    if (name.startsWith("hugepages-") && requests[name] === undefined) limits[name] ??= containerLimits[name]
  }
  const filled: Fields = { ...requests }
  const containerRequests = sumOf(spec, "requests")
  if (sizeOf(limits) > 0) {
    for (const name in containerRequests) if (isPodLevel(name) && !name.startsWith("hugepages-")) filled[name] ??= containerRequests[name]
    for (const name in limits) if (isPodLevel(name)) filled[name] ??= limits[name]
  }
  return {
    ...spec,
    resources: {
      ...(sizeOf(limits) === 0 ? {} : { limits }),
      ...(sizeOf(filled) === 0 ? {} : { requests: filled }),
      ...(resources["claims"] === undefined ? {} : { claims: resources["claims"] })
    }
  }
}

/** The single address and the first of the list are the same; where they differ the single one counts. */
const sameFirst = (single: string, list: string, key: string | undefined): Defaults => (out) => {
  const one = out[single]
  const many = out[list] as ReadonlyArray<unknown> | undefined
  const first = many === undefined || many.length === 0 ? undefined : key === undefined ? many[0] : (many[0] as Fields)[key]
  if (one === undefined) {
    if (first !== undefined) out[single] = first
  } else if (first !== one) out[list] = [key === undefined ? one : { [key]: one }]
}

/** Amounts finer than a thousandth are rounded up. */
export const roundedUp = (amount: unknown): unknown => {
  if (typeof amount !== "string" || !/[nu]$|e-/.test(amount)) return amount
  const parsed = Quantity.parse(amount)
  return parsed === undefined ? amount : Quantity.format({ nanos: Quantity.toScaled(parsed, -3) * 1_000_000n, format: parsed.format })
}

/** Rules by Go type. */
export const podRules: Readonly<Record<string, Defaults>> = {
  "core/v1.Volume": volume,
  "core/v1.PodSpec": podSpec,
  "core/v1.Pod": pod,
  "core/v1.PodTemplateSpec": dropOldAnnotations,
  "core/v1.PodStatus": sameFirst("podIP", "podIPs", "ip"),
  "core/v1.NodeSpec": sameFirst("podCIDR", "podCIDRs", undefined)
}

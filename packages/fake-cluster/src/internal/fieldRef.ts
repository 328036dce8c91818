/** Facts about a pod that its containers may ask for: the downward API. */
import type { Container, Pod } from "@fairlead/kube"
import { amountOf } from "./amounts.ts"

/** What is not in the pod object itself. */
export interface PodAddresses {
  readonly hostIp: string
  readonly podIp: string
}

/** The value at a field path; `undefined` for a path that the downward API does not offer. */
export const fieldValue = (pod: Pod, path: string, addresses: PodAddresses): string | undefined => {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (subscript !== null) return pod.metadata[subscript[1] as "labels" | "annotations"]?.[subscript[2]!] ?? ""
  switch (path) {
    case "metadata.name":
      return pod.metadata.name ?? ""
    case "metadata.namespace":
      return pod.metadata.namespace ?? ""
    case "metadata.uid":
      return pod.metadata.uid ?? ""
    case "metadata.labels":
      return lines(pod.metadata.labels)
    case "metadata.annotations":
      return lines(pod.metadata.annotations)
    case "spec.nodeName":
      return pod.spec?.nodeName ?? ""
    case "spec.serviceAccountName":
      return pod.spec?.serviceAccountName ?? ""
    case "status.hostIP":
    case "status.hostIPs":
      return addresses.hostIp
    case "status.podIP":
    case "status.podIPs":
      return addresses.podIp
    default:
      return undefined
  }
}

const lines = (entries: { readonly [key: string]: string } | undefined): string =>
  Object.entries(entries ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join("\n")

/** The value of `limits.cpu` and the like in units of `divisor`, rounded up; `undefined` for an unknown name. */
export const resourceValue = (container: Container, resource: string, divisor: string | undefined): string | undefined => {
  const [list, ...rest] = resource.split(".")
  const name = rest.join(".")
  if ((list !== "limits" && list !== "requests") || name === "") return undefined
  const quantity = container.resources?.[list]?.[name] ?? (list === "requests" ? container.resources?.limits?.[name] : undefined)
  const unit = divisor === undefined || divisor === "0" ? 1 : (amountOf(divisor) ?? 1)
  return String(Math.ceil((amountOf(quantity ?? "0") ?? 0) / unit))
}

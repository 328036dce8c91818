/** The quality of service class of a pod, from its own resources or those of its containers. */
import type { Container, PodSpec } from "@fairlead/kube"

const isZero = (quantity: unknown): boolean => quantity === undefined || Number.parseFloat(String(quantity)) === 0

const names = ["cpu", "memory"]

/** `BestEffort` without requests and limits, `Guaranteed` with equal limits for cpu and memory everywhere, else `Burstable`. */
export const qualityOfService = (spec: PodSpec): "BestEffort" | "Guaranteed" | "Burstable" => {
  const asked = spec.resources?.requests !== undefined || spec.resources?.limits !== undefined
  const containers: ReadonlyArray<Pick<Container, "resources">> = asked ? [spec] : [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  let any = false
  let guaranteed = true
  for (const { resources } of containers) {
    for (const name of names) {
      const request = resources?.requests?.[name]
      const limit = resources?.limits?.[name]
      if (!isZero(request) || !isZero(limit)) any = true
      if (isZero(limit) || (request !== undefined && String(request) !== String(limit))) guaranteed = false
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable"
}

/** How services count against quotas. */
import type { KubeObject } from "@fairlead/kube"
import type { Amounts } from "../../internal/resourceLists.ts"
import { count, type Evaluator } from "./Evaluator.ts"

interface Service extends KubeObject {
  readonly spec?: {
    readonly type?: string
    readonly ports?: ReadonlyArray<{ readonly nodePort?: number }>
    readonly allocateLoadBalancerNodePorts?: boolean
  }
}

const names = ["count/services", "services", "services.nodeports", "services.loadbalancers"] as const

const usage = (object: KubeObject): Amounts => {
  const { spec } = object as Service
  const ports = spec?.ports ?? []
  const balanced = spec?.type === "LoadBalancer"
  const given = balanced && spec.allocateLoadBalancerNodePorts === false
  const nodePorts = given ? ports.filter((port) => (port.nodePort ?? 0) !== 0).length : balanced || spec?.type === "NodePort" ? ports.length : 0
  return new Map([
    ["count/services", count(1)],
    ["services", count(1)],
    ["services.nodeports", count(nodePorts)],
    ["services.loadbalancers", count(balanced ? 1 : 0)]
  ])
}

/** Services. */
export const serviceEvaluator: Evaluator = {
  covers: (name) => (names as ReadonlyArray<string>).includes(name),
  usage,
  isInScope: () => false,
  missing: () => undefined,
  handles: (operation, subresource) => operation !== "delete" && subresource === ""
}

/** Names for parts of pods that the type package of the client has no short names for. */
import type { Container, PodSpec } from "@fairlead/kube"

export type PodToleration = NonNullable<PodSpec["tolerations"]>[number]
export type PodAffinity = NonNullable<PodSpec["affinity"]>
type RequiredAffinity = NonNullable<NonNullable<PodAffinity["nodeAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]>
export type NodeSelectorTerm = RequiredAffinity["nodeSelectorTerms"][number]
export type NodeRequirement = NonNullable<NodeSelectorTerm["matchExpressions"]>[number]
export type EnvFrom = NonNullable<Container["envFrom"]>[number]
export type ContainerSecurity = NonNullable<Container["securityContext"]>
export type PodSecurity = NonNullable<PodSpec["securityContext"]>

/** A pod as the security checks look at it, and the phrases in which they complain. */
import type { Container, ObjectMeta, PodSpec } from "@fairlead/kube"

type AnyContainer = Container | NonNullable<PodSpec["ephemeralContainers"]>[number]

/** A pod, or the template of one. */
export interface PodView {
  readonly annotations: { readonly [key: string]: string }
  readonly spec: PodSpec
  /** Containers of all sorts: init containers first, ephemeral ones last. */
  readonly containers: ReadonlyArray<AnyContainer>
}

/** Security settings of a container or, in part, of a pod. */
export type ContainerSecurity = NonNullable<Container["securityContext"]>

/** Makes the view of a pod or template. */
export const viewOf = (metadata: ObjectMeta | undefined, spec: PodSpec): PodView => ({
  annotations: metadata?.annotations ?? {},
  spec,
  containers: [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]
})

/** Names of the containers for which `isBad` holds. */
export const offenders = ({ containers }: PodView, isBad: (security: ContainerSecurity, container: AnyContainer) => boolean): ReadonlyArray<string> =>
  containers.filter((container) => isBad(container.securityContext ?? {}, container)).map(({ name }) => name)

/** `one` or `many` things. */
export const plural = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many)

/** `"a", "b"`. */
export const quoted = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(", ")

/** Sorted and without repetitions. */
export const sorted = (texts: Iterable<string>): ReadonlyArray<string> => [...new Set(texts)].sort()

/** `container "a"` or `containers "a", "b"`. */
export const theContainers = (names: ReadonlyArray<string>): string => `${plural(names.length, "container")} ${quoted(names)}`

/** Who made a bad setting: the pod, some containers, or both; `undefined` if nobody. */
export const setters = (pod: boolean, names: ReadonlyArray<string>): string | undefined => {
  const parts = [...(pod ? ["pod"] : []), ...(names.length === 0 ? [] : [theContainers(names)])]
  return parts.length === 0 ? undefined : parts.join(" and ")
}

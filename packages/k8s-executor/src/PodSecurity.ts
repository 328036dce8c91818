/** Security contexts of task pods where neither task nor template sets them. */
import type { Container, PodSpec } from "@fairlead/kube"
import type { ContainerSecurity, PodSecurity } from "./internal/podParts.ts"
import type { PodPluginConfig } from "./PodPluginConfig.ts"

/** True when `allowPrivilegeEscalation: false` would contradict what the container asks for, so that the API refuses it. */
const needsEscalation = (security: ContainerSecurity): boolean =>
  security.privileged === true || (security.capabilities?.add?.some((it) => it === "CAP_SYS_ADMIN" || it === "SYS_ADMIN") ?? false)

const secureContainer = (container: Container, restricted: boolean): Container => {
  const given = container.securityContext ?? {}
  if (needsEscalation(given)) return container
  const secured = { ...given, allowPrivilegeEscalation: given.allowPrivilegeEscalation ?? false }
  if (restricted && given.capabilities?.drop === undefined) secured.capabilities = { ...given.capabilities, drop: ["ALL"] }
  return { ...container, securityContext: secured }
}

const securePod = (given: PodSecurity, restricted: boolean): PodSecurity => ({
  ...given,
  ...(restricted ? { runAsNonRoot: given.runAsNonRoot ?? true } : {}),
  seccompProfile: given.seccompProfile ?? { type: "RuntimeDefault" }
})

/**
 * Fills open fields of all security contexts by the configured level, and keeps the API's token away from tasks that do
 * not ask for it. Windows pods have none of these fields.
 */
export const secure = (spec: PodSpec, config: Pick<PodPluginConfig, "securityLevel" | "automountServiceAccountToken">): PodSpec => {
  const mounted: PodSpec = { ...spec, automountServiceAccountToken: spec.automountServiceAccountToken ?? config.automountServiceAccountToken }
  if (config.securityLevel === "none" || spec.os?.name === "windows") return mounted
  const restricted = config.securityLevel === "restricted"
  const secureAll = (containers: ReadonlyArray<Container>): ReadonlyArray<Container> => containers.map((it) => secureContainer(it, restricted))
  const secured = { ...mounted, securityContext: securePod(spec.securityContext ?? {}, restricted), containers: secureAll(spec.containers) }
  return spec.initContainers === undefined ? secured : { ...secured, initContainers: secureAll(spec.initContainers) }
}

/** Tasks that run an editor server instead of their code, so that people can work inside them. */
import type { Container, EnvVar, PodSpec } from "@fairlead/kube"

/** Variable that switches the editor server on. */
const editorVariable = "_F_E_VS"

const truths = new Set(["1", "t", "T", "true", "TRUE", "True"])

/** True when the environment asks for the editor server. */
export const wantsEditor = (env: ReadonlyArray<EnvVar> | undefined): boolean => {
  const asked = env?.find((it) => it.name === editorVariable)?.value
  return asked !== undefined && truths.has(asked)
}

const withProbe = (container: Container): Container => {
  const isAction = container.env?.some((it) => it.name === "ACTION_NAME") ?? false
  // Servers of Flyte 2 tasks, which have an ACTION_NAME, listen on another port than older ones.
  const port = isAction ? 6060 : 8080
  return {
    ...container,
    readinessProbe: { httpGet: { port }, initialDelaySeconds: 15, periodSeconds: 5, failureThreshold: 50 }
  }
}

/** Lets the primary container report readiness only when its editor server answers. */
export const probeEditor = (spec: PodSpec, primaryName: string): PodSpec => {
  const hosts = (it: Container): boolean => (spec.containers.length === 1 || it.name === primaryName) && wantsEditor(it.env)
  return spec.containers.some(hosts)
    ? { ...spec, containers: spec.containers.map((it) => (hosts(it) ? withProbe(it) : it)) }
    : spec
}

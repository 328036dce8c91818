/** The environment variables of task containers. */
import type { Idl, TaskExecutionId } from "@fairlead/core"
import type { Container, EnvVar } from "@fairlead/kube"
import type { EnvFrom } from "./internal/podParts.ts"

const variable = (name: string, value: string): EnvVar => ({ name, value })

/** Turns a map into variables sorted by name, so that equal tasks give equal pods. */
export const fromMap = (map: { readonly [name: string]: string }): ReadonlyArray<EnvVar> =>
  Object.keys(map).sort().map((name) => variable(name, map[name]!))

/** Tells a task who it is: its run, its attempt and its task, under the names that Flyte's SDKs read. */
export const executionVariables = (execution: TaskExecutionId, consoleUrl: string): ReadonlyArray<EnvVar> => {
  const { nodeExecutionId, retryAttempt, taskId } = execution.id
  const run = nodeExecutionId?.executionId
  if (run === undefined) return []
  const variables: Array<EnvVar> = [
    variable("FLYTE_INTERNAL_EXECUTION_ID", run.name),
    variable("FLYTE_INTERNAL_EXECUTION_PROJECT", run.project),
    variable("FLYTE_INTERNAL_EXECUTION_DOMAIN", run.domain),
    podName,
    variable("FLYTE_ATTEMPT_NUMBER", String(retryAttempt))
  ]
  if (consoleUrl !== "") {
    const path = `/projects/${run.project}/domains/${run.domain}/executions/${run.name}/nodeId/${execution.uniqueNodeId}/nodes`
    variables.push(variable("FLYTE_EXECUTION_URL", `${consoleUrl.replace(/\/+$/, "")}${path}`))
  }
  if (taskId !== undefined) variables.push(...taskVariables(taskId))
  return variables
}

const podName: EnvVar = { name: "_F_PN", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }

/** Each twice: older SDKs know the short names only. */
const taskVariables = ({ domain, name, project, version }: Idl.Identifier): ReadonlyArray<EnvVar> => [
  variable("FLYTE_INTERNAL_TASK_PROJECT", project),
  variable("FLYTE_INTERNAL_TASK_DOMAIN", domain),
  variable("FLYTE_INTERNAL_TASK_NAME", name),
  variable("FLYTE_INTERNAL_TASK_VERSION", version),
  variable("FLYTE_INTERNAL_PROJECT", project),
  variable("FLYTE_INTERNAL_DOMAIN", domain),
  variable("FLYTE_INTERNAL_NAME", name),
  variable("FLYTE_INTERNAL_VERSION", version)
]

/** True when the task wants links that need the console's address in its environment. */
export const wantsConsoleUrl = (template: Idl.TaskTemplate): boolean => template.config["link_type"] !== undefined

/** What every container of every task gets. */
export interface CommonEnvironment {
  readonly variables: ReadonlyArray<EnvVar>
  readonly sources: ReadonlyArray<EnvFrom>
}

/** Makes the common part from the configuration, once for all tasks. */
export const commonEnvironment = (
  config: {
    readonly defaultEnvVars: { readonly [name: string]: string }
    readonly defaultEnvVarsFromEnv: { readonly [name: string]: string }
    readonly defaultEnvFromSecrets: ReadonlyArray<string>
    readonly defaultEnvFromConfigMaps: ReadonlyArray<string>
  },
  engineEnvironment: { readonly [name: string]: string | undefined }
): CommonEnvironment => ({
  variables: [
    ...fromMap(config.defaultEnvVars),
    ...Object.keys(config.defaultEnvVarsFromEnv).sort()
      .map((name) => variable(name, engineEnvironment[config.defaultEnvVarsFromEnv[name]!] ?? ""))
  ],
  sources: [
    ...config.defaultEnvFromSecrets.map((name) => ({ secretRef: { name, optional: true } })),
    ...config.defaultEnvFromConfigMaps.map((name) => ({ configMapRef: { name, optional: true } }))
  ]
})

/** Adds to a container's own variables what the task and the platform set; the last one of a name counts. */
export const decorate = (
  container: Container,
  task: ReadonlyArray<EnvVar>,
  common: CommonEnvironment
): Pick<Container, "env" | "envFrom"> => ({
  env: (container.env ?? []).concat(task, common.variables),
  ...(common.sources.length === 0 ? {} : { envFrom: [...(container.envFrom ?? []), ...common.sources] })
})

/** So few variables, the usual number, are compared with each other several times as fast as a set of their names is made. */
const comparedMost = 40

const isNamedBefore = (env: ReadonlyArray<EnvVar>, name: string, end: number): boolean => {
  for (let index = 0; index < end; index++) if (env[index]!.name === name) return true
  return false
}

/** Leaves of variables with the same name only the last, which is the one that counts, at its place. */
export const lastOfEachName = (env: ReadonlyArray<EnvVar>): ReadonlyArray<EnvVar> => {
  if (env.length <= comparedMost && !env.some(({ name }, index) => isNamedBefore(env, name, index))) return env
  const seen = new Set<string>()
  const kept: Array<EnvVar> = []
  for (let index = env.length - 1; index >= 0; index--) {
    const it = env[index]!
    if (seen.has(it.name)) continue
    seen.add(it.name)
    kept.push(it)
  }
  return kept.length === env.length ? env : kept.reverse()
}

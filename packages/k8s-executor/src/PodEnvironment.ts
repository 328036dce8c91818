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
  const run = execution.id.nodeExecutionId?.executionId
  if (run === undefined) return []
  const url = consoleUrl === "" ? [] : [variable(
    "FLYTE_EXECUTION_URL",
    `${consoleUrl.replace(/\/+$/, "")}/projects/${run.project}/domains/${run.domain}/executions/${run.name}/nodeId/${execution.uniqueNodeId}/nodes`
  )]
  return [
    variable("FLYTE_INTERNAL_EXECUTION_ID", run.name),
    variable("FLYTE_INTERNAL_EXECUTION_PROJECT", run.project),
    variable("FLYTE_INTERNAL_EXECUTION_DOMAIN", run.domain),
    { name: "_F_PN", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    variable("FLYTE_ATTEMPT_NUMBER", String(execution.id.retryAttempt)),
    ...url,
    ...taskVariables(execution.id.taskId)
  ]
}

const taskVariables = (task: Idl.Identifier | undefined): ReadonlyArray<EnvVar> => {
  if (task === undefined) return []
  const fields = [["PROJECT", task.project], ["DOMAIN", task.domain], ["NAME", task.name], ["VERSION", task.version]] as const
  return [
    ...fields.map(([name, value]) => variable(`FLYTE_INTERNAL_TASK_${name}`, value)),
    // Older SDKs know the short names only.
    ...fields.map(([name, value]) => variable(`FLYTE_INTERNAL_${name}`, value))
  ]
}

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
  env: [...(container.env ?? []), ...task, ...common.variables],
  ...(common.sources.length === 0 ? {} : { envFrom: [...(container.envFrom ?? []), ...common.sources] })
})

/** Leaves of variables with the same name only the last, which is the one that counts, at its place. */
export const lastOfEachName = (env: ReadonlyArray<EnvVar>): ReadonlyArray<EnvVar> => {
  const seen = new Set<string>()
  for (const { name } of env) seen.add(name)
  if (seen.size === env.length) return env
  seen.clear()
  const kept: Array<EnvVar> = []
  for (let index = env.length - 1; index >= 0; index--) {
    const it = env[index]!
    if (seen.has(it.name)) continue
    seen.add(it.name)
    kept.push(it)
  }
  return kept.reverse()
}

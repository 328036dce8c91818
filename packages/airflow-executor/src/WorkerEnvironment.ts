/** Environment of a worker of Airflow 1.10. Pure. */
import type { Container, EnvVar } from "@fairlead/kube"
import type { KubeConfigContrib } from "./KubeConfigContrib.ts"
import { dagsMountPath } from "./WorkerVolumes.ts"

const executorVariable = "AIRFLOW__CORE__EXECUTOR"
const connectionVariable = "AIRFLOW__CORE__SQL_ALCHEMY_CONN"
const dagsVariable = "AIRFLOW__CORE__DAGS_FOLDER"

/**
 * `env` and `envFrom` of the container. Variables of the configuration come first, those that a worker needs win over
 * them; values from Secrets stay references.
 */
export const workerEnvironment = (config: KubeConfigContrib): Pick<Container, "env" | "envFrom"> => {
  const literals = new Map(Object.entries(config.kubeEnvVars))
  literals.set(executorVariable, "LocalExecutor")
  if (config.airflowConfigmap === "") {
    // Airflow writes the address of the database into the pod where neither a file nor a Secret brings it.
    if (!Object.hasOwn(config.kubeSecrets, connectionVariable) && config.sqlAlchemyConn !== "") literals.set(connectionVariable, config.sqlAlchemyConn)
  } else {
    literals.set("AIRFLOW_HOME", config.airflowHome)
    literals.set(dagsVariable, config.dagsFolder)
  }
  if (config.git.dagsFolderMountPoint !== "") {
    literals.set(dagsVariable, [dagsMountPath(config), config.git.syncDest, config.git.subpath].filter((it) => it !== "").join("/"))
  }
  const env: ReadonlyArray<EnvVar> = [...Array.from(literals, ([name, value]) => ({ name, value })), ...secretVariables(config)]
  const sources = [
    ...config.envFromConfigmapRef.map((name) => ({ configMapRef: { name } })),
    ...config.envFromSecretRef.map((name) => ({ secretRef: { name } })),
    ...Object.values(config.kubeSecrets).filter((it) => !it.includes("=")).map((name) => ({ secretRef: { name } }))
  ]
  return { env, ...(sources.length === 0 ? {} : { envFrom: sources }) }
}

/** `variable = secret=key` in the section of secrets; without `=` the whole Secret becomes variables. */
const secretVariables = ({ kubeSecrets }: KubeConfigContrib): ReadonlyArray<EnvVar> =>
  Object.entries(kubeSecrets).flatMap(([variable, reference]) => {
    const split = reference.indexOf("=")
    if (split < 0) return []
    return [{ name: variable.toUpperCase(), valueFrom: { secretKeyRef: { name: reference.slice(0, split), key: reference.slice(split + 1) } } }]
  })

/** Defaults of jobs and of the kinds that keep pods running. */
import type { Defaults } from "../Decode.ts"
import type { Fields } from "../Sharing.ts"

const int32Max = 0x7fffffff

/** Only jobs themselves are completed; the templates of cron jobs stay as they are. */
const job: Defaults = (out) => {
  const given = out["spec"] as Fields
  const labels = (given["template"] as { readonly metadata?: Fields } | undefined)?.metadata?.["labels"]
  const metadata = out["metadata"] as Fields
  if (labels !== undefined && metadata["labels"] === undefined) out["metadata"] = { ...metadata, labels }
  const spec = jobSpec(given)
  if (Object.keys(spec).length > Object.keys(given).length) out["spec"] = spec
}

const jobSpec = (given: Fields): Fields => ({
  parallelism: 1,
  ...(given["completions"] === undefined && given["parallelism"] === undefined ? { completions: 1 } : {}),
  backoffLimit: given["backoffLimitPerIndex"] === undefined ? 6 : int32Max,
  manualSelector: false,
  completionMode: "NonIndexed",
  suspend: false,
  podReplacementPolicy: given["podFailurePolicy"] === undefined ? "TerminatingOrFailed" : "Failed",
  ...given
})

/** A rolling update, with its limits, is what happens where nothing else is asked for. */
const rolling = (field: string, limits: Fields): Defaults => (out) => {
  const strategy = (out[field] ?? {}) as Fields
  const { type = "RollingUpdate", rollingUpdate } = strategy
  if (type !== "RollingUpdate") return
  const given = (rollingUpdate ?? {}) as Fields
  out[field] = { type, rollingUpdate: { ...limits, ...given } }
}

const generationKey = "deprecated.daemonset.template.generation"

/** Daemon sets count the changes of their template in an annotation. */
const daemonSet: Defaults = (out) => {
  const metadata = (out["metadata"] ?? {}) as Fields
  const annotations = (metadata["annotations"] ?? {}) as Fields
  if (annotations[generationKey] === undefined) out["metadata"] = { ...metadata, annotations: { ...annotations, [generationKey]: "0" } }
}

const claimKind = { kind: "PersistentVolumeClaim", apiVersion: "v1" }

const statefulSetSpec: Defaults = (out) => {
  const claims = out["volumeClaimTemplates"]
  if (Array.isArray(claims)) out["volumeClaimTemplates"] = claims.map((claim: Fields) => ({ ...claim, ...claimKind }))

  const strategy = (out["updateStrategy"] ?? {}) as Fields
  const rollingUpdate = strategy["type"] === undefined ? (strategy["rollingUpdate"] ?? {}) : strategy["rollingUpdate"]
  const { type = "RollingUpdate" } = strategy
  if (type !== "RollingUpdate" || rollingUpdate === undefined) return
  out["updateStrategy"] = { type, rollingUpdate: { partition: 0, ...(rollingUpdate as Fields) } }
}

/** Rules by Go type. */
export const workloadRules: Readonly<Record<string, Defaults>> = {
  "batch/v1.Job": job,
  "apps/v1.DeploymentSpec": rolling("strategy", { maxUnavailable: "25%", maxSurge: "25%" }),
  "apps/v1.DaemonSet": daemonSet,
  "apps/v1.DaemonSetSpec": rolling("updateStrategy", { maxUnavailable: 1, maxSurge: 0 }),
  "apps/v1.StatefulSetSpec": statefulSetSpec
}

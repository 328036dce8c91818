/** Names of worker pods: Airflow's, and one that is the same whenever it is asked for again. */
import { md5 } from "./internal/md5.ts"
import { slugify } from "./internal/slug.ts"

/** Longest name of a pod that is also a host name that nothing cuts. */
export const podNameLengthMax = 63
/** Longest name that Kubernetes takes. */
const contribLengthMax = 253
const suffixLength = 8

/** Airflow 1.10's `_strip_unsafe_kubernetes_special_chars`: letters and digits of all scripts, in lower case. */
export const stripUnsafeKubernetesSpecialChars = (text: string): string =>
  Array.from(text, (char) => (/[\p{L}\p{N}]/u.test(char) ? char.toLowerCase() : "")).join("")

/** Airflow 1.10's `_make_safe_pod_id`: dag and task, cut so that `-` and the identifier fit behind them. Counts characters, as Python does. */
export const makeSafePodId = (safeDagId: string, safeTaskId: string, safeUuid: string): string =>
  `${Array.from(safeDagId + safeTaskId).slice(0, contribLengthMax - Array.from(safeUuid).length - 1).join("")}-${safeUuid}`

/** Airflow 1.10's `_create_pod_id`, for an identifier of 32 hex digits. */
export const createPodId = (dagId: string, taskId: string, uuid: string): string =>
  makeSafePodId(stripUnsafeKubernetesSpecialChars(dagId), stripUnsafeKubernetesSpecialChars(taskId), stripUnsafeKubernetesSpecialChars(uuid))

const trimmed = (text: string): string => text.replace(/^[-.]+|[-.]+$/g, "")

/** Airflow's `add_unique_suffix`: the name, cut to have room, and the suffix behind a hyphen. */
export const addUniqueSuffix = (name: string, suffix: string, lengthMax = podNameLengthMax): string =>
  `${trimmed(Array.from(name).slice(0, lengthMax - suffix.length - 1).join(""))}-${suffix}`

/**
 * Airflow's `create_unique_id`: dag and task in ASCII, with a suffix behind unless `suffix` is left out. Throws a
 * `RangeError` when both ids are empty, as Airflow raises a `ValueError`.
 *
 * Caveat: ids without a letter or digit give a name that starts with a hyphen, which no API server takes.
 */
export const createUniqueId = (dagId: string, taskId: string, suffix?: string, lengthMax = podNameLengthMax): string => {
  const text = [dagId, taskId].filter((it) => it !== "").join("-")
  if (text === "") throw new RangeError("a pod needs a dag id or a task id for its name, but both are empty")
  const base = trimmed(slugify(text).slice(0, lengthMax))
  return suffix === undefined ? base : addUniqueSuffix(base, suffix, lengthMax)
}

/** What a name is made from: the ids for people, the identity for uniqueness. */
export interface PodNameParts {
  readonly dagId: string
  readonly taskId: string
  /** Equal for the same launch of the same run, different for any other. */
  readonly identity: string
}

/** How names are made: by the rules of Airflow 1.10, by those of its provider, or always valid. */
export type PodNaming = "contrib" | "provider" | "safe"

/**
 * The name of the pod of a launch. Where Airflow draws a suffix by chance it follows here from the identity: whoever
 * asks again, after a lost answer or after a crash, gets the same name, and the API server refuses the second pod.
 * `safe` is a valid name for all ids; the others are Airflow's, with their caveats.
 */
export const podNameOf = (naming: PodNaming, { dagId, identity, taskId }: PodNameParts): string => {
  if (naming === "contrib") return createPodId(dagId, taskId, md5(identity))
  const suffix = suffixOf(identity)
  const name = dagId === "" && taskId === "" ? `-${suffix}` : createUniqueId(dagId, taskId, suffix)
  return naming === "safe" && name.startsWith("-") ? `task${name}` : name
}

/** Eight letters and digits that follow from a text: 41 bits of its hash. */
const suffixOf = (identity: string): string =>
  Number.parseInt(md5(identity).slice(0, 13), 16).toString(36).padStart(suffixLength, "0").slice(-suffixLength)

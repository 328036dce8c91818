/** What the API server writes into the spec of a new pod, apart from defaults and admission. */
import { isObject, type Fields } from "./Sharing.ts"

/** Prefix of the annotations that once named the AppArmor profiles of containers. */
export const profileAnnotation = "container.apparmor.security.beta.kubernetes.io/"

/** The profile that an annotation names; `undefined` where it names none. */
export const profileOfAnnotation = (annotation: string): Fields | undefined => {
  if (annotation === "unconfined") return { type: "Unconfined" }
  if (annotation === "runtime/default") return { type: "RuntimeDefault" }
  const name = annotation.startsWith("localhost/") ? annotation.slice("localhost/".length) : ""
  return name === "" ? undefined : { type: "Localhost", localhostProfile: name }
}

const mapList = (value: unknown, change: (item: Fields) => Fields): unknown => {
  if (!Array.isArray(value)) return value
  const out = value.map((item: Fields) => change(item))
  return out.some((item, i) => item !== value[i]) ? out : value
}

const at = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined)

const requirements = (keys: unknown, operator: string, labels: Fields): ReadonlyArray<Fields> =>
  (Array.isArray(keys) ? keys : []).filter((key: string) => labels[key] !== undefined).map((key: string) => ({ key, operator, values: [labels[key]] }))

/** Keys of labels whose values the pod brings itself become demands of the selector. */
const withLabelKeys = (labels: Fields) => (term: Fields): Fields => {
  const selector = term["labelSelector"]
  const added = [...requirements(term["matchLabelKeys"], "In", labels), ...requirements(term["mismatchLabelKeys"], "NotIn", labels)]
  if (!isObject(selector) || added.length === 0) return term
  return { ...term, labelSelector: { ...selector, matchExpressions: [...((selector["matchExpressions"] ?? []) as ReadonlyArray<Fields>), ...added] } }
}

const required = "requiredDuringSchedulingIgnoredDuringExecution"
const preferred = "preferredDuringSchedulingIgnoredDuringExecution"

/** The fields of `value` with the changed ones in place; `value` itself when none has changed. */
const withChanged = (value: Fields, next: Fields): Fields => {
  const changed = Object.keys(next).filter((key) => next[key] !== value[key])
  return changed.length === 0 ? value : { ...value, ...Object.fromEntries(changed.map((key) => [key, next[key]])) }
}

const withTermKeys = (affinity: unknown, labels: Fields): unknown => {
  if (!isObject(affinity)) return affinity
  const change = withLabelKeys(labels)
  const changeInner = (term: Fields): Fields => withChanged(term, { podAffinityTerm: change((term["podAffinityTerm"] ?? {}) as Fields) })
  const changeAll = (terms: unknown): unknown =>
    isObject(terms) ? withChanged(terms, { [required]: mapList(terms[required], change), [preferred]: mapList(terms[preferred], changeInner) }) : terms
  return withChanged(affinity, { podAffinity: changeAll(affinity["podAffinity"]), podAntiAffinity: changeAll(affinity["podAntiAffinity"]) })
}

const withProfile = (annotations: Fields, podProfile: unknown, warnings: Array<string>) => (container: Fields): Fields => {
  const key = `${profileAnnotation}${String(container["name"])}`
  const annotation = annotations[key]
  const security = container["securityContext"] as Fields | undefined
  if (annotation === undefined || security?.["appArmorProfile"] !== undefined) return container
  const profile = profileOfAnnotation(String(annotation))
  if (profile !== undefined && JSON.stringify(profile) === JSON.stringify(podProfile)) return container
  warnings.push(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`)
  return profile === undefined ? container : { ...container, securityContext: { ...security, appArmorProfile: profile } }
}

const hasProfile = (annotations: Fields): boolean => {
  for (const key in annotations) if (key.startsWith(profileAnnotation)) return true
  return false
}

/**
 * The spec that a new pod is stored with; the given one when nothing has to be added to it. Call it before validation.
 * Adds to `warnings`.
 */
export const preparedPodSpec = (spec: object, metadata: object, warnings: Array<string>): object => {
  const given = spec as Fields
  const labels = (at(metadata, "labels") ?? {}) as Fields
  const annotations = (at(metadata, "annotations") ?? {}) as Fields
  const changes: Fields = {}
  if (given["affinity"] !== undefined) changes["affinity"] = withTermKeys(given["affinity"], labels)
  if (given["topologySpreadConstraints"] !== undefined) {
    changes["topologySpreadConstraints"] = mapList(given["topologySpreadConstraints"], withLabelKeys(labels))
  }
  if (hasProfile(annotations) && at(given["os"], "name") !== "windows") {
    const change = withProfile(annotations, at(given["securityContext"], "appArmorProfile"), warnings)
    for (const list of ["initContainers", "containers"]) changes[list] = mapList(given[list], change)
  }
  return withChanged(given, changes)
}

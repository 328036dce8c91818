/** Checks pod specs that people wrote, as far as this package reads them; the API server checks the rest. */

type Check = (value: unknown, path: string) => string | undefined

const seen = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

const text: Check = (value, path) => (typeof value === "string" ? undefined : `${path} is ${seen(value)}; it must be text`)

const anything: Check = () => undefined

const fields = (checks: { readonly [key: string]: Check }, needed: ReadonlyArray<string> = []): Check => (value, path) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return `${path} is ${seen(value)}; it must be a map of fields`
  for (const key of needed) {
    if (((value as Record<string, unknown>)[key] ?? undefined) === undefined) return `${path}.${key} is missing`
  }
  for (const key in value) {
    const it = (value as Record<string, unknown>)[key]
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined
    const fault = it === null || it === undefined ? undefined : check?.(it, `${path}.${key}`)
    if (fault !== undefined) return fault
  }
  return undefined
}

const listOf = (check: Check): Check => (value, path) => {
  if (!Array.isArray(value)) return `${path} is ${seen(value)}; it must be a list`
  for (const [index, it] of value.entries()) {
    const fault = check(it, `${path}[${index}]`)
    if (fault !== undefined) return fault
  }
  return undefined
}

const map = fields({})
const named = fields({ name: text }, ["name"])

const container = fields({
  name: text,
  image: text,
  command: listOf(text),
  args: listOf(text),
  env: listOf(named),
  envFrom: listOf(map),
  volumeMounts: listOf(fields({ name: text, mountPath: text }, ["name", "mountPath"])),
  resources: fields({ requests: map, limits: map }),
  securityContext: fields({ capabilities: fields({ add: listOf(text), drop: listOf(text) }) })
}, ["name"])

const nodeSelectorTerm = fields({ matchExpressions: listOf(fields({ key: text, operator: text, values: listOf(text) }, ["key", "operator"])) })

const podSpec = fields({
  containers: listOf(container),
  initContainers: listOf(container),
  ephemeralContainers: anything,
  tolerations: listOf(map),
  volumes: listOf(named),
  nodeSelector: map,
  securityContext: map,
  serviceAccountName: text,
  schedulerName: text,
  restartPolicy: text,
  affinity: fields({
    nodeAffinity: fields({
      requiredDuringSchedulingIgnoredDuringExecution: fields({ nodeSelectorTerms: listOf(nodeSelectorTerm) }),
      preferredDuringSchedulingIgnoredDuringExecution: listOf(map)
    })
  })
}, ["containers"])

/** The first fault of a pod spec with its place and the value seen; `undefined` when it can be worked with. */
export const faultOfPodSpec = (value: unknown, path: string): string | undefined => podSpec(value, path)

/** The first fault of labels or annotations; `undefined` when they are none or all text. */
export const faultOfTexts = (value: unknown, path: string): string | undefined => {
  if (value === undefined || value === null) return undefined
  const fault = map(value, path)
  if (fault !== undefined) return fault
  const entry = Object.entries(value).find(([, it]) => typeof it !== "string")
  return entry === undefined ? undefined : text(entry[1], `${path}.${entry[0]}`)
}

/** Leaves out fields that are `null`, which JSON from other languages has where a field is not set. */
export const withoutNulls = <A>(value: A): A => {
  if (Array.isArray(value)) return value.map(withoutNulls) as A
  if (typeof value !== "object" || value === null) return value
  const out: Record<string, unknown> = {}
  for (const [key, it] of Object.entries(value)) {
    // No field of a pod has this name, and assigning to it would give the copy a prototype.
    if (it !== null && it !== undefined && key !== "__proto__") out[key] = withoutNulls(it)
  }
  return out as A
}

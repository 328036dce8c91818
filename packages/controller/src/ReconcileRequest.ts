/** The key of an object that is to be reconciled, and its form as one string. */

/** Names one object of the kind that a controller reconciles. */
export interface ReconcileRequest {
  /** Left out for cluster-scoped objects. */
  readonly namespace?: string | undefined
  readonly name: string
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key in stores and queues. */
export const keyOf = (namespace: string | undefined, name: string): string => {
  if (namespace === undefined || namespace === "") return name
  let keys = known.get(namespace)
  if (keys === undefined) known.set(namespace, (keys = new Map()))
  const before = keys.get(name)
  if (before !== undefined) return before
  if (++knownCount > knownMax) {
    known.clear()
    known.set(namespace, (keys = new Map()))
    knownCount = 1
  }
  const key = `${namespace}/${name}`
  keys.set(name, key)
  return key
}

/** Keys by namespace and name: every change needs the key of its object several times, and a fresh text has to be copied and hashed each time. */
const known = new Map<string, Map<string, string>>()
const knownMax = 20_000
let knownCount = 0

/** The request that a key stands for. Names of objects never hold a slash. */
export const fromKey = (key: string): ReconcileRequest => {
  const slash = key.indexOf("/")
  return slash < 0 ? { namespace: undefined, name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The namespace part of a key; `""` for cluster-scoped objects. */
export const namespaceOfKey = (key: string): string => {
  const slash = key.indexOf("/")
  return slash < 0 ? "" : key.slice(0, slash)
}

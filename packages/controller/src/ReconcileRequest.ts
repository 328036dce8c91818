/** The key of an object that is to be reconciled, and its form as one string. */

/** Names one object of the kind that a controller reconciles. */
export interface ReconcileRequest {
  /** Left out for cluster-scoped objects. */
  readonly namespace?: string | undefined
  readonly name: string
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of stores and in logs. Where many are looked up, `NameMap` needs no key. */
export const keyOf = (namespace: string | undefined, name: string): string => (namespace === undefined || namespace === "" ? name : `${namespace}/${name}`)

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

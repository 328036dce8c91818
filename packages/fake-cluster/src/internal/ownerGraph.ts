/** Who belongs to whom: the garbage collector's picture of all objects and their owners. */
import type { KubeObject, KubeResource, OwnerReference } from "@fairlead/kube"

/** An object as the garbage collector sees it. */
export interface GraphNode {
  readonly uid: string
  readonly resource: KubeResource.KubeResource
  readonly namespace: string | undefined
  readonly name: string
  readonly owners: ReadonlyArray<OwnerReference>
  readonly isDeleting: boolean
  readonly finalizers: ReadonlyArray<string>
}

const none: ReadonlyArray<never> = []

/** Waits for its dependents to go before it goes itself. */
export const isForeground = (node: GraphNode): boolean => node.isDeleting && node.finalizers.includes("foregroundDeletion")

/** Lets its dependents go on without it. */
export const isOrphaning = (node: GraphNode): boolean => node.isDeleting && node.finalizers.includes("orphan")

/** All objects that were seen, by uid. Plain and synchronous: each change answers whose turn it is. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #dependents = new Map<string, Set<string>>()

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  /** Objects that name `uid` as an owner, in the order in which they came. */
  dependentsOf(uid: string): ReadonlyArray<GraphNode> {
    const found = this.#dependents.get(uid)
    return found === undefined ? none : Array.from(found, (it) => this.#nodes.get(it)!)
  }

  get size(): number {
    return this.#nodes.size
  }

  /** An object was added or has changed. Answers the uids that have to be looked at. */
  put(resource: KubeResource.KubeResource, { metadata }: KubeObject): ReadonlyArray<string> {
    const uid = metadata.uid
    if (uid === undefined) return none
    const before = this.#nodes.get(uid)
    const owners = metadata.ownerReferences ?? none
    const finalizers = metadata.finalizers ?? none
    const isDeleting = metadata.deletionTimestamp !== undefined
    if (before !== undefined && before.isDeleting === isDeleting && sameOwners(before.owners, owners) && sameTexts(before.finalizers, finalizers)) {
      return none
    }
    const node: GraphNode = { uid, resource, namespace: metadata.namespace, name: metadata.name ?? "", owners, isDeleting, finalizers }
    this.#nodes.set(uid, node)
    const isSelfDue = isDeleting && (isForeground(node) || isOrphaning(node))
    if (before === undefined) return this.#afterAddition(node, isSelfDue)
    if (sameOwners(before.owners, owners)) return isSelfDue ? [uid] : none
    this.#link(uid, before.owners, owners)
    const turns = isSelfDue || owners.length > 0 ? [uid] : []
    for (const owner of before.owners) if (this.#waits(owner.uid)) turns.push(owner.uid)
    return turns
  }

  /** Most objects have an owner that is there and stays, or none: then there is nothing to look at. */
  #afterAddition(node: GraphNode, isSelfDue: boolean): ReadonlyArray<string> {
    const { owners, uid } = node
    if (owners.length === 0) return isSelfDue ? [uid] : none
    this.#link(uid, none, owners)
    const turns: Array<string> = []
    let isDue = isSelfDue
    for (const owner of owners) {
      const known = this.#nodes.get(owner.uid)
      // An owner that was not seen, or that is in another namespace and so cannot own the object.
      isDue ||= known === undefined || (known.namespace !== undefined && known.namespace !== node.namespace)
      if (known !== undefined && isForeground(known)) turns.push(uid, owner.uid)
    }
    return isDue ? [uid, ...turns] : turns
  }

  /** An object is gone. Answers the uids that have to be looked at: its dependents, and owners that wait for them to go. */
  delete(uid: string): ReadonlyArray<string> {
    const node = this.#nodes.get(uid)
    if (node === undefined) return none
    this.#nodes.delete(uid)
    this.#link(uid, node.owners, none)
    const turns = Array.from(this.#dependents.get(uid) ?? none)
    for (const owner of node.owners) if (this.#waits(owner.uid)) turns.push(owner.uid)
    return turns
  }

  /** True for an owner that waits for its dependents to go. */
  #waits(uid: string): boolean {
    const node = this.#nodes.get(uid)
    return node !== undefined && isForeground(node)
  }

  #link(uid: string, before: ReadonlyArray<OwnerReference>, after: ReadonlyArray<OwnerReference>): void {
    for (const owner of before) {
      const set = this.#dependents.get(owner.uid)
      if (set?.delete(uid) === true && set.size === 0) this.#dependents.delete(owner.uid)
    }
    for (const owner of after) {
      let set = this.#dependents.get(owner.uid)
      if (set === undefined) this.#dependents.set(owner.uid, (set = new Set()))
      set.add(uid)
    }
  }
}

/** True when the graph shows an object and its later state alike. Unchanged parts of an object are shared, so that this costs next to nothing. */
export const looksSame = ({ metadata: before }: KubeObject, { metadata: after }: KubeObject): boolean =>
  before.ownerReferences === after.ownerReferences && before.finalizers === after.finalizers &&
  before.deletionTimestamp === after.deletionTimestamp && before.uid === after.uid

const sameOwners = (a: ReadonlyArray<OwnerReference>, b: ReadonlyArray<OwnerReference>): boolean =>
  a === b || (a.length === b.length && a.every((it, at) => it.uid === b[at]!.uid && it.blockOwnerDeletion === b[at]!.blockOwnerDeletion))

const sameTexts = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean => a === b || (a.length === b.length && a.every((it, at) => it === b[at]))

/** What is known of one owner that an object names. */
export type OwnerState = "solid" | "waiting" | "absent"

/** What to do with an object that has owners. */
export type Verdict =
  | { readonly _tag: "Keep" }
  | { readonly _tag: "Release"; readonly uids: ReadonlySet<string> }
  | { readonly _tag: "Delete"; readonly policy: "Foreground" | "Background" | "Orphan" }

/** Decides by the states of its owners: one that is there keeps the object; without any it goes. */
export const judge = (node: GraphNode, states: ReadonlyMap<string, OwnerState>, hasDependents: boolean): Verdict => {
  const of = (state: OwnerState): ReadonlyArray<string> => node.owners.filter((it) => states.get(it.uid) === state).map((it) => it.uid)
  const gone = [...of("absent"), ...of("waiting")]
  if (of("solid").length > 0) return gone.length === 0 ? { _tag: "Keep" } : { _tag: "Release", uids: new Set(gone) }
  if (gone.length === 0) return { _tag: "Keep" }
  if (of("waiting").length > 0 && hasDependents) return { _tag: "Delete", policy: "Foreground" }
  if (node.finalizers.includes("orphan")) return { _tag: "Delete", policy: "Orphan" }
  return { _tag: "Delete", policy: node.finalizers.includes("foregroundDeletion") ? "Foreground" : "Background" }
}

/** Pods by the object that looks after them and by namespace; costs nothing until somebody asks. */
import type { Informer } from "@fairlead/controller"
import type { Pod } from "@fairlead/kube"
import { controllerOf } from "./podFacts.ts"

const none: ReadonlyArray<Pod> = []

/** Follows an informer of pods from the first question on. */
export class PodIndex {
  readonly #pods: Informer<Pod>
  readonly #byController = new Map<string, Map<string, Pod>>()
  readonly #byNamespace = new Map<string, Map<string, Pod>>()
  #isFollowing = false

  constructor(pods: Informer<Pod>) {
    this.#pods = pods
  }

  /** Pods whose controller has this uid, in the order in which they were first seen. */
  ofController(uid: string): ReadonlyArray<Pod> {
    this.#follow()
    return list(this.#byController.get(uid))
  }

  /** Pods of a namespace, in the same order. */
  ofNamespace(namespace: string): ReadonlyArray<Pod> {
    this.#follow()
    return list(this.#byNamespace.get(namespace))
  }

  #follow(): void {
    if (this.#isFollowing) return
    this.#isFollowing = true
    this.#pods.subscribe(({ object, previous, type }) => {
      const before = previous === undefined ? undefined : controllerOf(previous)?.uid
      const { name = "", namespace = "" } = object.metadata
      const key = `${namespace}/${name}`
      const owner = controllerOf(object)?.uid
      if (before !== undefined && before !== owner) drop(this.#byController, before, key)
      if (type === "Deleted") {
        if (owner !== undefined) drop(this.#byController, owner, key)
        return drop(this.#byNamespace, namespace, key)
      }
      if (owner !== undefined) put(this.#byController, owner, key, object)
      put(this.#byNamespace, namespace, key, object)
    })
  }
}

const list = (pods: ReadonlyMap<string, Pod> | undefined): ReadonlyArray<Pod> => (pods === undefined ? none : Array.from(pods.values()))

const put = (index: Map<string, Map<string, Pod>>, value: string, key: string, pod: Pod): void => {
  const found = index.get(value)
  if (found === undefined) index.set(value, new Map([[key, pod]]))
  else found.set(key, pod)
}

const drop = (index: Map<string, Map<string, Pod>>, value: string, key: string): void => {
  const found = index.get(value)
  if (found?.delete(key) === true && found.size === 0) index.delete(value)
}

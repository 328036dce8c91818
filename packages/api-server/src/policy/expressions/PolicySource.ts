/** Finds the policies that are in effect: those that a binding names. */
import type { KubeObject } from "@fairlead/kube"
import type { ServedResource } from "../../ServedResource.ts"
import type { ServerContext } from "../../ServerContext.ts"
import type { Collection } from "../../store/Collection.ts"
import type { Store } from "../../store/Store.ts"
import type { AdmissionPolicy, PolicyBinding } from "./PolicyKinds.ts"

/** A policy with what binds it, both in the order of their names. */
export interface PolicyHook<Policy extends AdmissionPolicy> {
  readonly policy: Policy
  readonly bindings: ReadonlyArray<PolicyBinding>
}

const group = "admissionregistration.k8s.io"

const none: ReadonlyArray<never> = []

/** What the objects of the group are called that say what admission does. */
export type AdmissionKind = "mutatingadmissionpolicybindings" | "mutatingwebhookconfigurations" | "validatingadmissionpolicybindings" | "validatingwebhookconfigurations"

type Collections = { readonly [kind in AdmissionKind]: Collection }

const known = new WeakMap<Store, Collections>()

const collectionsOf = (store: Store): Collections => {
  let found = known.get(store)
  if (found === undefined) {
    const of = (plural: AdmissionKind): Collection => store.collection({ group, plural })
    found = {
      mutatingadmissionpolicybindings: of("mutatingadmissionpolicybindings"),
      mutatingwebhookconfigurations: of("mutatingwebhookconfigurations"),
      validatingadmissionpolicybindings: of("validatingadmissionpolicybindings"),
      validatingwebhookconfigurations: of("validatingwebhookconfigurations")
    }
    known.set(store, found)
  }
  return found
}

/** Whether any webhook is configured. */
export const hasWebhooks = (store: Store): boolean => {
  const { mutatingwebhookconfigurations, validatingwebhookconfigurations } = collectionsOf(store)
  return mutatingwebhookconfigurations.size > 0 || validatingwebhookconfigurations.size > 0
}

/** The stored objects of a kind, in the order of their names; finding none costs next to nothing. */
export const admissionObjects = (store: Store, kind: AdmissionKind): ReadonlyArray<KubeObject> => {
  const collection = collectionsOf(store)[kind]
  return collection.size === 0 ? none : collection.list("")
}

interface Bound {
  readonly bindingChanges: number
  readonly policyChanges: number
  readonly hooks: ReadonlyArray<PolicyHook<AdmissionPolicy>>
}

const bound = new WeakMap<Collection, Bound>()

/** The policies of a kind that are in effect; found anew only after a change of policies or bindings. */
export const boundPolicies = <Policy extends AdmissionPolicy>({ store }: ServerContext, policies: string, bindings: AdmissionKind): ReadonlyArray<PolicyHook<Policy>> => {
  const from = collectionsOf(store)[bindings]
  if (from.size === 0) return none
  const of = store.collection({ group, plural: policies })
  let found = bound.get(from)
  if (found?.bindingChanges !== from.changes || found.policyChanges !== of.changes) {
    found = { bindingChanges: from.changes, policyChanges: of.changes, hooks: hooksOf(of.list("") as ReadonlyArray<AdmissionPolicy>, from.list("") as ReadonlyArray<PolicyBinding>) }
    bound.set(from, found)
  }
  return found.hooks as ReadonlyArray<PolicyHook<Policy>>
}

const hooksOf = (policies: ReadonlyArray<AdmissionPolicy>, bindings: ReadonlyArray<PolicyBinding>): ReadonlyArray<PolicyHook<AdmissionPolicy>> =>
  policies.flatMap((policy) => {
    const own = bindings.filter(({ spec }) => spec?.policyName === policy.metadata.name)
    return own.length === 0 ? [] : [{ policy, bindings: own }]
  })

const exemptKinds: ReadonlySet<string> = new Set([
  "validatingwebhookconfigurations",
  "mutatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings"
])

/** Writes to what admission itself is made of, so that no policy can lock everybody out. */
export const isExempt = ({ group: of, plural }: ServedResource): boolean => of === group && exemptKinds.has(plural)

/** Remembers what is made of a stored object for as long as that object is there. */
export const remembered = <Stored extends KubeObject, Made>(make: (object: Stored) => Made): ((object: Stored) => Made) => {
  const made = new WeakMap<Stored, Made>()
  return (object) => {
    let found = made.get(object)
    if (found === undefined) made.set(object, (found = make(object)))
    return found
  }
}

/** What the original calls the part of a policy that cannot be carried out. */
export const configurationText = (of: "policy" | "binding", error: Error): string => `failed to configure ${of}: ${error.message}`

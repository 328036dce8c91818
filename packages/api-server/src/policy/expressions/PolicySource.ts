/** Finds the policies that are in effect: those that a binding names. */
import type { KubeObject } from "@fairlead/kube"
import type { ServedResource } from "../../ServedResource.ts"
import type { ServerContext } from "../../ServerContext.ts"
import type { Collection } from "../../store/Collection.ts"
import { admissionGroup, type AdmissionKind } from "../AdmissionCollections.ts"
import type { AdmissionPolicy, PolicyBinding } from "./PolicyKinds.ts"

/** A policy with what binds it, both in the order of their names. */
export interface PolicyHook<Policy extends AdmissionPolicy> {
  readonly policy: Policy
  readonly bindings: ReadonlyArray<PolicyBinding>
}

const none: ReadonlyArray<never> = []

/** The stored objects of a kind, in the order of their names; finding none costs next to nothing. */
export const admissionObjects = ({ admission }: ServerContext, kind: AdmissionKind): ReadonlyArray<KubeObject> => {
  const collection = admission[kind]
  return collection.size === 0 ? none : collection.list("")
}

interface Bound {
  readonly bindingChanges: number
  readonly policyChanges: number
  readonly hooks: ReadonlyArray<PolicyHook<AdmissionPolicy>>
}

const bound = new WeakMap<Collection, Bound>()

/** The policies of a kind that are in effect; found anew only after a change of policies or bindings. */
export const boundPolicies = <Policy extends AdmissionPolicy>({ admission, store }: ServerContext, policies: string, bindings: AdmissionKind): ReadonlyArray<PolicyHook<Policy>> => {
  const from = admission[bindings]
  if (from.size === 0) return none
  const of = store.collection({ group: admissionGroup, plural: policies })
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
export const isExempt = ({ group: of, plural }: ServedResource): boolean => of === admissionGroup && exemptKinds.has(plural)

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

/** Finds the policies that are in effect: those that a binding names. */
import type { KubeObject } from "@fairlead/kube"
import type { ServedResource } from "../../ServedResource.ts"
import type { ServerContext } from "../../ServerContext.ts"
import type { AdmissionPolicy, PolicyBinding } from "./PolicyKinds.ts"

/** A policy with what binds it, both in the order of their names. */
export interface PolicyHook<Policy extends AdmissionPolicy> {
  readonly policy: Policy
  readonly bindings: ReadonlyArray<PolicyBinding>
}

const group = "admissionregistration.k8s.io"

/** The group whose objects say what admission does. */
export const admissionGroup = group

const none: ReadonlyArray<never> = []

/** The policies of a kind that are in effect. */
export const boundPolicies = <Policy extends AdmissionPolicy>(server: ServerContext, policies: string, bindings: string): ReadonlyArray<PolicyHook<Policy>> => {
  const bound = server.store.collection({ group, plural: bindings })
  if (bound.size === 0) return none
  const stored = server.store.collection({ group, plural: policies })
  const all = bound.list("") as ReadonlyArray<PolicyBinding>
  return (stored.list("") as ReadonlyArray<Policy>).flatMap((policy) => {
    const own = all.filter(({ spec }) => spec?.policyName === policy.metadata.name)
    return own.length === 0 ? [] : [{ policy, bindings: own }]
  })
}

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

/** Who makes a policy with parameters, or binds one, must be allowed to read those (the checks of the storage of admission policies). */
import { jsonEqual, type KubeObject } from "@fairlead/kube"
import type { User } from "../ApiRequest.ts"
import { type Draft, field } from "../Draft.ts"
import { type Causes, forbiddenValue } from "../FieldCause.ts"
import type { Call } from "../rest/Call.ts"
import { type Attributes, decide } from "./Authorization.ts"
import type { AdmissionPolicy, PolicyBinding, PolicySpec } from "./expressions/PolicyKinds.ts"

const group = "admissionregistration.k8s.io"

type ParamKind = PolicySpec["paramKind"]

/** A user as Go prints it. */
const printUser = ({ extra = {}, groups, name, uid = "" }: User): string => {
  const extras = Object.keys(extra).sort().map((key) => `${key}:[${extra[key]!.join(" ")}]`)
  return `&{${name} ${uid} [${groups.join(" ")}] map[${extras.join(" ")}]}`
}

/** What the parameters are, as far as it is known. */
const resourceOf = ({ server }: Call, kind: ParamKind): Pick<Attributes, "group" | "version" | "plural"> => {
  const { apiVersion = "", kind: name = "" } = kind ?? {}
  const parts = apiVersion.split("/")
  if (kind === undefined || parts.length > 2) return { group: "*", version: "*", plural: "*" }
  const [version = "", of = ""] = [...parts].reverse()
  return { group: of, version, plural: server.catalog.findKind(apiVersion, name)?.plural ?? "*" }
}

const may = ({ server, user }: Call, attributes: Attributes): boolean => decide(server, user, attributes).allowed

const checkKind = (call: Call, draft: Draft, previous: KubeObject | undefined, causes: Causes): void => {
  const kind = field<PolicySpec>(draft, "spec")?.paramKind
  if (kind === undefined || (previous !== undefined && jsonEqual(kind, field<PolicySpec>(previous, "spec")?.paramKind))) return
  if (may(call, { ...resourceOf(call, kind), verb: "get", name: "*", namespace: "*" })) return
  causes.push(forbiddenValue(
    "spec.paramKind",
    `user ${printUser(call.user)} must have "get" permission on all objects of the referenced paramKind (kind=${kind.kind ?? ""}, apiVersion=${kind.apiVersion ?? ""})`
  ))
}

type BindingSpec = NonNullable<PolicyBinding["spec"]>

const checkRef = (policies: string) => (call: Call, draft: Draft, previous: KubeObject | undefined, causes: Causes): void => {
  const { paramRef, policyName = "" } = field<BindingSpec>(draft, "spec") ?? {}
  const old = previous === undefined ? undefined : field<BindingSpec>(previous, "spec")
  if (paramRef === undefined || (jsonEqual(paramRef, old?.paramRef) && policyName === old?.policyName)) return
  const policy = call.server.store.collection({ group, plural: policies }).get("", policyName) as AdmissionPolicy | undefined
  const mutates = policies === "mutatingadmissionpolicies"
  const verb = mutates && !paramRef.name ? "list" : "get"
  if (may(call, { ...resourceOf(call, policy?.spec?.paramKind), verb, name: paramRef.name ?? "", namespace: paramRef.namespace ?? "" })) return
  const user = printUser(call.user)
  // The original has user and verb in the places of each other for bindings of policies that change objects.
  const [who, what] = mutates ? [verb, user] : [user, verb]
  causes.push(forbiddenValue("spec.paramRef", `user ${who} does not have "${what}" permission on the object referenced by paramRef`))
}

/** Adds what the user may not do, to objects that are otherwise well-formed; by `group/plural`. */
export const paramAuthority: Readonly<Record<string, (call: Call, draft: Draft, previous: KubeObject | undefined, causes: Causes) => void>> = {
  [`${group}/validatingadmissionpolicies`]: checkKind,
  [`${group}/mutatingadmissionpolicies`]: checkKind,
  [`${group}/validatingadmissionpolicybindings`]: checkRef("validatingadmissionpolicies"),
  [`${group}/mutatingadmissionpolicybindings`]: checkRef("mutatingadmissionpolicies")
}

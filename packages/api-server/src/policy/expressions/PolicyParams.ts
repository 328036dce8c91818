/** Finds the objects that hold the parameters of a policy. */
import { type KubeObject, Selector } from "@fairlead/kube"
import { Result } from "effect"
import { type ServedResource, toServed } from "../../ServedResource.ts"
import { type AdmissionInput, namespaceOf } from "./AdmissionInput.ts"
import type { AdmissionPolicy, PolicyBinding } from "./PolicyKinds.ts"

/** A policy or binding that cannot be put into effect. */
export class Misconfigured extends Error {
  override readonly name = "Misconfigured"
}

/** The resource of the parameters, if the policy has any; throws if it is not served. */
export const paramResource = ({ call: { server } }: AdmissionInput, { spec }: AdmissionPolicy): ServedResource | undefined => {
  const { paramKind } = spec ?? {}
  if (paramKind === undefined) return undefined
  const { apiVersion = "", kind = "" } = paramKind
  const found = server.catalog.findKind(apiVersion, kind)
  if (found === undefined) throw new Misconfigured(`failed to find resource referenced by paramKind: '${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}'`)
  return found
}

/** The parameters with which a policy is carried out, one after the other; `undefined` stands for none. */
export const paramsOf = (input: AdmissionInput, resource: ServedResource | undefined, { spec }: PolicyBinding): ReadonlyArray<KubeObject | undefined> => {
  const ref = spec?.paramRef
  if (resource === undefined || ref === undefined) return [undefined]
  const namespace = paramNamespace(input, resource, ref.namespace)
  const found = ref.name !== undefined && ref.name !== "" ? named(resource, namespace, ref.name) : selected(resource, namespace, ref.selector)
  if (found.length === 0 && ref.parameterNotFoundAction === "Deny") throw new Misconfigured("no params found for policy binding with `Deny` parameterNotFoundAction")
  return found
}

const paramNamespace = (input: AdmissionInput, { namespaced }: ServedResource, given: string | undefined): string => {
  if (!namespaced) {
    if (given !== undefined && given !== "") throw new Misconfigured("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
    return ""
  }
  const namespace = given || namespaceOf(input)
  if (namespace === "") throw new Misconfigured("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
  return namespace
}

const named = (resource: ServedResource, namespace: string, name: string): ReadonlyArray<KubeObject> => {
  const found = resource.collection.get(namespace, name)
  return found === undefined ? [] : [toServed(resource, found)]
}

const selected = (resource: ServedResource, namespace: string, selector: Selector.LabelSelectorObject | undefined): ReadonlyArray<KubeObject> => {
  const parsed = Selector.fromLabelSelector(selector)
  if (Result.isFailure(parsed)) throw new Misconfigured(parsed.failure.message)
  return resource.collection.list(namespace).filter((it) => parsed.success.matches(it.metadata.labels)).map((it) => toServed(resource, it))
}

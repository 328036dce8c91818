/** What admission expressions see of a request. */
import type { KubeObject } from "@fairlead/kube"
import { type AccessOracle, type AccessQuestion, authorizerValue, resourceCheckValue } from "../../cel/functions/Authorization.ts"
import type { Value } from "../../cel/values/Value.ts"
import type { User } from "../../ApiRequest.ts"
import type { Call } from "../../rest/Call.ts"
import type { ServedResource } from "../../ServedResource.ts"
import type { ServerContext } from "../../ServerContext.ts"
import type { Operation } from "../Admission.ts"
import { decide } from "../Authorization.ts"
import { fromJson } from "./JsonValues.ts"

/** A write on its way through admission. */
export interface AdmissionInput {
  readonly call: Call
  readonly operation: Operation
  /** Absent for deletions. */
  readonly object: KubeObject | undefined
  /** Absent for creations. */
  readonly oldObject: KubeObject | undefined
}

const namespaces = { group: "", plural: "namespaces" } as const

/** Whether the write is about a namespace itself. */
export const isNamespace = ({ call: { resource } }: AdmissionInput): boolean => resource.group === "" && resource.plural === "namespaces"

/** The namespace that the write is in; a namespace is in itself. */
export const namespaceOf = (input: AdmissionInput): string => (isNamespace(input) ? nameOf(input) : input.call.namespace)

/** The name of the object, as far as it is known. */
export const nameOf = ({ call, object, oldObject }: AdmissionInput): string => call.name || object?.metadata.name || oldObject?.metadata.name || ""

/** The namespace of the write as the store has it. */
export const namespaceObject = (input: AdmissionInput): KubeObject | undefined =>
  isNamespace(input) || input.call.namespace === "" ? undefined : input.call.server.store.collection(namespaces).get("", input.call.namespace)

/** An object in the version of the resource that a rule named. */
export const inVersion = ({ call: { resource } }: AdmissionInput, matched: ServedResource, object: KubeObject | undefined): KubeObject | undefined => {
  if (object === undefined || matched === resource) return object
  // A copy: the object may still change, and conversions are remembered by the object.
  const stored = resource.conversion === undefined ? object : resource.conversion.toStored({ ...object })
  const converted = matched.conversion === undefined ? stored : matched.conversion.fromStored(stored)
  return { ...converted, apiVersion: matched.apiVersion, kind: matched.kind }
}

/** Group, version and kind of a resource, as reviews spell them. */
export const kindJson = ({ group, version, kind }: ServedResource): object => ({ group, version, kind })

/** Group, version and plural name of a resource, as reviews spell them. */
export const resourceJson = ({ group, version, plural }: ServedResource): object => ({ group, version, resource: plural })

/** The user of a request, as reviews spell it. */
export const userJson = ({ name, uid, groups, extra }: User): object => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  groups,
  ...(extra === undefined ? {} : { extra })
})

/** The options of a request, as reviews spell them. */
export const optionsJson = ({ call: { dryRun, query, request }, operation }: AdmissionInput): object => {
  const { fieldManager, fieldValidation, force } = query
  const common = {
    kind: `${operation.charAt(0).toUpperCase()}${operation.slice(1)}Options`,
    apiVersion: "meta.k8s.io/v1",
    ...(dryRun ? { dryRun: ["All"] } : {})
  }
  if (operation === "delete") return { ...(typeof request.body === "object" ? request.body : {}), ...common }
  return {
    ...common,
    ...(fieldManager ? { fieldManager } : {}),
    ...(fieldValidation ? { fieldValidation } : {}),
    ...(force === "true" && request.patchType === "apply" ? { force: true } : {})
  }
}

/** The variable `request`; `matched` is the resource that a rule named. */
export const requestValue = (input: AdmissionInput, matched: ServedResource): Value => {
  const { call: { dryRun, resource, user, request: { subresource = "" } }, operation } = input
  const [name, namespace] = [nameOf(input), namespaceOf(input)]
  return fromJson({
    kind: kindJson(matched),
    resource: resourceJson(matched),
    ...(subresource === "" ? {} : { subResource: subresource }),
    requestKind: kindJson(resource),
    requestResource: resourceJson(resource),
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation: operation.toUpperCase(),
    userInfo: userJson(user),
    dryRun,
    options: optionsJson(input)
  })
}

/** The variable `namespaceObject`. */
export const namespaceValue = (namespace: KubeObject | undefined): Value => {
  if (namespace === undefined) return null
  const { managedFields: _, ownerReferences: __, ...metadata } = namespace.metadata
  const { spec = {}, status = {} } = namespace as KubeObject & { readonly spec?: unknown; readonly status?: unknown }
  return fromJson({ metadata, spec, status })
}

const oracleOf = (server: ServerContext, user: User): AccessOracle => ({
  ask: ({ resource, ...question }: AccessQuestion, verb) =>
    decide(server, user, { ...question, ...(resource === undefined ? {} : { plural: resource, version: "*" }), verb }),
  serviceAccount: (namespace, name) =>
    oracleOf(server, {
      name: `system:serviceaccount:${namespace}:${name}`,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"]
    })
})

/** The variables `authorizer` and `authorizer.requestResource`. */
export const authorizerValues = (input: AdmissionInput): readonly [Value, Value] => {
  const { call: { request, resource, server, user } } = input
  const oracle = oracleOf(server, user)
  const question = { group: resource.group, resource: resource.plural, subresource: request.subresource ?? "", namespace: namespaceOf(input), name: nameOf(input) }
  return [authorizerValue(oracle), resourceCheckValue(oracle, question)]
}

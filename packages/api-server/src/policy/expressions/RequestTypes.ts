/** The types of the variables of admission expressions. */
import { authorizerType, resourceCheckType } from "../../cel/functions/Authorization.ts"
import { boolType, dynType, intType, listOf, mapOf, objectType, stringType, timestampType, type Type } from "../../cel/types/Type.ts"

const object = (name: string, fields: { readonly [field: string]: Type }): Type => objectType(`kubernetes.${name}`, new Map(Object.entries(fields)))

const texts = listOf(stringType)
const kind = object("GroupVersionKind", { group: stringType, version: stringType, kind: stringType })
const resource = object("GroupVersionResource", { group: stringType, version: stringType, resource: stringType })
const userInfo = object("UserInfo", { username: stringType, uid: stringType, groups: texts, extra: mapOf(stringType, texts) })

const request = object("AdmissionRequest", {
  kind,
  resource,
  subResource: stringType,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: stringType,
  name: stringType,
  namespace: stringType,
  operation: stringType,
  userInfo,
  dryRun: boolType,
  options: dynType
})

const condition = object("NamespaceCondition", {
  status: stringType, type: stringType, lastTransitionTime: timestampType, message: stringType, reason: stringType
})

const namespaceMetadata = object("NamespaceMetadata", {
  name: stringType,
  generateName: stringType,
  namespace: stringType,
  labels: mapOf(stringType, stringType),
  annotations: mapOf(stringType, stringType),
  UID: stringType,
  creationTimestamp: timestampType,
  deletionGracePeriodSeconds: intType,
  deletionTimestamp: timestampType,
  generation: intType,
  resourceVersion: stringType,
  finalizers: texts
})

const namespace = object("Namespace", {
  metadata: namespaceMetadata,
  spec: object("NamespaceSpec", { finalizers: texts }),
  status: object("NamespaceStatus", { conditions: listOf(condition), phase: stringType })
})

/** Which variables there are besides the usual ones. */
export interface VariableChoice {
  readonly params: boolean
  readonly authorizer: boolean
}

/** Types that are known where expressions are only checked. */
export interface KnownTypes {
  readonly object?: Type
  readonly params?: Type
}

/** The variables of an expression; `variables` are those that the policy itself defines. */
export const variableTypes = (
  { params, authorizer }: VariableChoice,
  variables: ReadonlyMap<string, Type> | undefined,
  known: KnownTypes = {}
): ReadonlyMap<string, Type> =>
  new Map<string, Type>([
    ["object", known.object ?? dynType],
    ["oldObject", known.object ?? dynType],
    ["request", request],
    ["namespaceObject", namespace],
    ...(params ? [["params", known.params ?? dynType] as const] : []),
    ...(authorizer ? [["authorizer", authorizerType], ["authorizer.requestResource", resourceCheckType]] as const : []),
    ...(variables === undefined ? [] : [["variables", objectType("kubernetes.variables", variables)] as const])
  ])

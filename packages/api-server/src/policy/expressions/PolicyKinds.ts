/** Policies of admissionregistration.k8s.io and their bindings. */
import type { KubeObject, Selector } from "@fairlead/kube"

/** Requests that a policy or webhook is about. */
export interface ResourceRule {
  readonly apiGroups?: ReadonlyArray<string>
  readonly apiVersions?: ReadonlyArray<string>
  readonly resources?: ReadonlyArray<string>
  readonly operations?: ReadonlyArray<string>
  readonly resourceNames?: ReadonlyArray<string>
  readonly scope?: string
}

/** Requests and objects that a policy is about. */
export interface MatchResources {
  readonly resourceRules?: ReadonlyArray<ResourceRule>
  readonly excludeResourceRules?: ReadonlyArray<ResourceRule>
  readonly namespaceSelector?: Selector.LabelSelectorObject
  readonly objectSelector?: Selector.LabelSelectorObject
  readonly matchPolicy?: string
}

/** An expression with a name. */
export interface NamedExpression {
  readonly name: string
  readonly expression: string
}

/** What policies that check and policies that change have in common. */
export interface PolicySpec {
  readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string }
  readonly matchConstraints?: MatchResources
  readonly matchConditions?: ReadonlyArray<NamedExpression>
  readonly variables?: ReadonlyArray<NamedExpression>
  readonly failurePolicy?: string
}

/** A policy. */
export interface AdmissionPolicy<Spec extends PolicySpec = PolicySpec> extends KubeObject {
  readonly spec?: Spec
}

/** Refuses objects. */
export type ValidatingPolicy = AdmissionPolicy<PolicySpec & {
  readonly validations?: ReadonlyArray<{
    readonly expression: string
    readonly message?: string
    readonly messageExpression?: string
    readonly reason?: string
  }>
  readonly auditAnnotations?: ReadonlyArray<{ readonly key: string; readonly valueExpression: string }>
}>

/** One change that a policy makes. */
export interface Mutation {
  readonly patchType: string
  readonly applyConfiguration?: { readonly expression?: string }
  readonly jsonPatch?: { readonly expression?: string }
}

/** Changes objects. */
export type MutatingPolicy = AdmissionPolicy<PolicySpec & {
  readonly mutations?: ReadonlyArray<Mutation>
  readonly reinvocationPolicy?: string
}>

/** Where the parameters of a policy are. */
export interface ParamRef {
  readonly name?: string
  readonly namespace?: string
  readonly selector?: Selector.LabelSelectorObject
  readonly parameterNotFoundAction?: string
}

/** Puts a policy into effect. */
export interface PolicyBinding extends KubeObject {
  readonly spec?: {
    readonly policyName?: string
    readonly paramRef?: ParamRef
    readonly matchResources?: MatchResources
    readonly validationActions?: ReadonlyArray<string>
  }
}

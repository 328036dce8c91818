/** Policies made of expressions change what is written (admission plugin MutatingAdmissionPolicy). */
import { jsonEqual, type KubeObject } from "@fairlead/kube"
import { ApiFailure } from "../ApiFailure.ts"
import { listOf } from "../cel/types/Type.ts"
import type { Call } from "../rest/Call.ts"
import { type Draft, replaceDraft } from "../Draft.ts"
import type { Operation } from "./Admission.ts"
import type { AdmissionInput } from "./expressions/AdmissionInput.ts"
import { configurationType, jsonPatchType, patchExtension } from "./expressions/JsonPatchLibrary.ts"
import { BadMutation, mergeConfiguration, patchObject } from "./expressions/Mutations.ts"
import { compileConditions, type Conditions, conditionsHold } from "./expressions/PolicyConditions.ts"
import type { MutatingPolicy, PolicyBinding } from "./expressions/PolicyKinds.ts"
import { Misconfigured, paramResource, paramsOf } from "./expressions/PolicyParams.ts"
import { PolicyCompiler, type PolicyExpression } from "./expressions/PolicyCompiler.ts"
import { type Matched, OutOfBudget, PolicyRun } from "./expressions/PolicyRun.ts"
import { boundPolicies, configurationText, isExempt, type PolicyHook, remembered } from "./expressions/PolicySource.ts"
import { matchedResource } from "./expressions/ResourceMatch.ts"
import type { Reinvocation } from "./Reinvocation.ts"
import { refusal } from "./Refusal.ts"

/** One use of a policy for one write. */
interface Invocation extends Omit<Matched, "input"> {
  readonly policy: MutatingPolicy
  readonly binding: PolicyBinding
}

/** What is wrong with a policy or with what it wants. */
interface PolicyProblem {
  readonly policy: MutatingPolicy
  readonly binding: PolicyBinding | undefined
  readonly message: string
  readonly reason: string | undefined
}

interface MutatingProgram {
  readonly compiler: PolicyCompiler
  readonly conditions: Conditions
  readonly mutations: ReadonlyArray<{ readonly expression: PolicyExpression; readonly apply: typeof patchObject }>
}

const programOf = remembered(({ spec = {} }: MutatingPolicy): MutatingProgram => {
  const params = spec.paramKind !== undefined
  const conditions = new PolicyCompiler(spec.variables, { params })
  const compiler = new PolicyCompiler(spec.variables, { params, extension: patchExtension })
  return {
    compiler,
    conditions: compileConditions(conditions, spec.matchConditions),
    mutations: (spec.mutations ?? []).map(({ applyConfiguration, jsonPatch, patchType }) =>
      patchType === "JSONPatch"
        ? { expression: compiler.compile(jsonPatch?.expression ?? "", [listOf(jsonPatchType)]), apply: patchObject }
        : { expression: compiler.compile(applyConfiguration?.expression ?? "", [configurationType]), apply: mergeConfiguration })
  }
})

/** Carries out every policy that a binding puts into effect, one after the other. */
export const admitPolicies = (call: Call, operation: Operation, draft: Draft, previous: KubeObject | undefined, again: Reinvocation): void => {
  const hooks = boundPolicies<MutatingPolicy>(call.server, "mutatingadmissionpolicies", "mutatingadmissionpolicybindings")
  if (hooks.length === 0 || isExempt(call.resource)) return
  const input: AdmissionInput = { call, operation, object: draft as unknown as KubeObject, oldObject: previous }
  const problems: Array<PolicyProblem> = []
  const invocations = hooks.flatMap((hook) => invocationsOf(input, hook, problems))
  if (again.isSecond && !jsonEqual(again.policies.left, draft)) again.policies.require()
  let changed = false
  for (const invocation of invocations) {
    const key = keyOf(invocation)
    if (!matches(input, invocation, problems) || (again.isSecond && !again.policies.wants(key))) continue
    const before = { ...draft }
    if (mutate(input, draft, invocation, problems)) changed = true
    if (!jsonEqual(before, draft)) again.policies.require()
    if (invocation.policy.spec?.reinvocationPolicy === "IfNeeded") again.policies.remember(key)
  }
  if (changed) {
    again.policies.require()
    again.isNeeded = true
  }
  again.policies.left = { ...draft }
  const told = problems.filter(({ policy }) => policy.spec?.failurePolicy !== "Ignore")
  if (told.length > 0) throw denied(input, told)
}

const keyOf = ({ binding, params, policy }: Invocation): string =>
  [policy, binding, params].map((it) => (it === undefined ? "" : `${it.metadata.namespace ?? ""}/${it.metadata.name}`)).join(" ")

const invocationsOf = (input: AdmissionInput, { bindings, policy }: PolicyHook<MutatingPolicy>, problems: Array<PolicyProblem>): ReadonlyArray<Invocation> => {
  const resource = matchedResource(input, policy.spec?.matchConstraints ?? {})
  if (resource === undefined) return []
  const attempt = <A>(binding: PolicyBinding | undefined, find: () => A): A | undefined => {
    try {
      return find()
    } catch (error) {
      if (!(error instanceof Misconfigured)) throw error
      problems.push({ policy, binding, message: configurationText(binding === undefined ? "policy" : "binding", error), reason: undefined })
      return undefined
    }
  }
  const paramsIn = attempt(undefined, () => ({ resource: paramResource(input, policy) }))
  if (paramsIn === undefined) return []
  return bindings.flatMap((binding) => {
    const { matchResources } = binding.spec ?? {}
    if (matchResources !== undefined && matchedResource(input, matchResources) === undefined) return []
    const found = attempt(binding, () => paramsOf(input, paramsIn.resource, binding)) ?? []
    return found.map((params) => ({ policy, binding, resource, params }))
  })
}

const matches = (input: AdmissionInput, { binding, params, policy, resource }: Invocation, problems: Array<PolicyProblem>): boolean => {
  const held = conditionsHold(programOf(policy).conditions, { input, resource, params })
  if (typeof held === "boolean") return held
  problems.push({ policy, binding, message: held.problem, reason: "Invalid" })
  return false
}

/** Tells whether anything was carried out, even if it changed nothing. */
const mutate = (input: AdmissionInput, draft: Draft, { binding, params, policy, resource }: Invocation, problems: Array<PolicyProblem>): boolean => {
  const { compiler, mutations } = programOf(policy)
  let done = false
  for (const { apply, expression } of mutations) {
    const problem = (message: string): void => void problems.push({ policy, binding, message, reason: "Invalid" })
    try {
      const outcome = new PolicyRun(compiler, { input: { ...input, object: draft as unknown as KubeObject }, resource, params }).run(expression)
      if ("problem" in outcome) problem(outcome.problem)
      else {
        replaceDraft(draft, apply(input.call.resource, draft as unknown as KubeObject, outcome.value))
        done = true
      }
    } catch (error) {
      if (!(error instanceof BadMutation) && !(error instanceof OutOfBudget)) throw error
      problem(error.message)
    }
  }
  return done
}

const textOf = ({ binding, message, policy }: PolicyProblem): string =>
  binding === undefined
    ? `policy ${JSON.stringify(policy.metadata.name)} denied request: ${message}`
    : `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`

/** 403 by its code, even where the reason says otherwise: as the original has it. */
const denied = ({ call, object }: AdmissionInput, problems: ReadonlyArray<PolicyProblem>): ApiFailure => {
  const { status } = refusal(call, object as unknown as Draft, "")
  const [first] = problems
  return new ApiFailure({
    ...status,
    message: textOf(first!),
    reason: first!.reason ?? "Forbidden",
    details: { ...status.details, causes: problems.map((problem) => ({ message: textOf(problem) })) }
  })
}

/** Policies made of expressions refuse what they find wrong (admission plugin ValidatingAdmissionPolicy). */
import type { KubeObject } from "@fairlead/kube"
import { ApiFailure } from "../ApiFailure.ts"
import type { Validate } from "./Admission.ts"
import type { AdmissionInput } from "./expressions/AdmissionInput.ts"
import type { PolicyBinding, ValidatingPolicy } from "./expressions/PolicyKinds.ts"
import { Misconfigured, paramResource, paramsOf } from "./expressions/PolicyParams.ts"
import { boundPolicies, configurationText, isExempt, type PolicyHook } from "./expressions/PolicySource.ts"
import { matchedResource } from "./expressions/ResourceMatch.ts"
import { type Denial, denialsOf } from "./expressions/ValidatingProgram.ts"
import { refusal } from "./Refusal.ts"

/** A decision against a write, with what made it. */
interface Verdict {
  readonly policy: ValidatingPolicy
  readonly binding: PolicyBinding | undefined
  readonly denial: Denial
}

/** Carries out every policy that a binding puts into effect; the first decision against the write is told. */
export const validatePolicies: Validate = (call, operation, object, previous) => {
  const hooks = boundPolicies<ValidatingPolicy>(call.server, "validatingadmissionpolicies", "validatingadmissionpolicybindings")
  if (hooks.length === 0 || isExempt(call.resource)) return
  const input: AdmissionInput = { call, operation, object: object as unknown as KubeObject | undefined, oldObject: previous }
  const [first] = hooks.flatMap((hook) => verdictsOf(input, hook))
  if (first !== undefined) throw denied(input, first)
}

const configurationDenial = (of: "policy" | "binding", error: unknown): Denial => {
  if (!(error instanceof Misconfigured)) throw error
  return { message: configurationText(of, error), reason: undefined, isCertain: true }
}

const verdictsOf = (input: AdmissionInput, { bindings, policy }: PolicyHook<ValidatingPolicy>): ReadonlyArray<Verdict> => {
  const { failurePolicy, matchConstraints = {} } = policy.spec ?? {}
  const wrong = (binding: PolicyBinding | undefined, error: unknown): ReadonlyArray<Verdict> => {
    const denial = configurationDenial(binding === undefined ? "policy" : "binding", error)
    return failurePolicy === "Ignore" ? [] : [{ policy, binding, denial }]
  }
  const resource = matchedResource(input, matchConstraints)
  if (resource === undefined) return []
  let paramsIn: ReturnType<typeof paramResource>
  try {
    paramsIn = paramResource(input, policy)
  } catch (error) {
    return wrong(undefined, error)
  }
  return bindings.flatMap((binding) => {
    const { matchResources } = binding.spec ?? {}
    if (matchResources !== undefined && matchedResource(input, matchResources) === undefined) return []
    let found: ReadonlyArray<KubeObject | undefined>
    try {
      found = paramsOf(input, paramsIn, binding)
    } catch (error) {
      return wrong(binding, error)
    }
    return found
      .flatMap((params) => denialsOf(policy, { input, resource, params }))
      .flatMap((denial) => carriedOut(input, { policy, binding, denial }))
  })
}

/** The decision itself if the binding denies; warnings are given at once. */
const carriedOut = ({ call }: AdmissionInput, verdict: Verdict): ReadonlyArray<Verdict> => {
  const { binding, denial, policy } = verdict
  if (denial.isCertain) return [verdict]
  return (binding?.spec?.validationActions ?? []).flatMap((action) => {
    if (action === "Warn") {
      call.warnings.push(`Validation failed for ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding!.metadata.name}': ${denial.message}`)
    }
    return action === "Deny" ? [verdict] : []
  })
}

const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 }

const denied = ({ call, object, oldObject }: AdmissionInput, { binding, denial, policy }: Verdict): ApiFailure => {
  const bound = binding === undefined ? "" : ` with binding '${binding.metadata.name}'`
  const message = `ValidatingAdmissionPolicy '${policy.metadata.name}'${bound} denied request: ${denial.message}`
  const { status } = refusal(call, (object ?? oldObject) as Parameters<typeof refusal>[1], message)
  const reason = denial.reason ?? "Invalid"
  return new ApiFailure({ ...status, reason, details: { ...status.details, causes: [{ message }] }, code: codes[reason] ?? 422 })
}

/** The chain of policies that every write passes, in the order of the original. */
import type { KubeObject } from "@fairlead/kube"
import type { Draft } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import { hasHooks, hasWebhooks } from "./AdmissionCollections.ts"
import { validateSigner } from "./CertificateSigners.ts"
import { validateClaimResize } from "./ClaimResize.ts"
import { admitDefaultClass } from "./DefaultClasses.ts"
import { admitTolerations } from "./DefaultTolerations.ts"
import { validateEscalation } from "./Escalation.ts"
import { admitPolicies } from "./MutatingPolicies.ts"
import { admitWebhooks } from "./MutatingWebhooks.ts"
import { Reinvocation } from "./Reinvocation.ts"
import { validatePolicies } from "./ValidatingPolicies.ts"
import { validateWebhooks } from "./ValidatingWebhooks.ts"
import { admitLimits, validateLimits } from "./LimitRanger.ts"
import { admitNamespace } from "./NamespaceLifecycle.ts"
import { admitNodeTaints } from "./NodeTaints.ts"
import { validatePodResize } from "./PodResize.ts"
import { validatePodSecurity } from "./PodSecurity.ts"
import { admitPodTopology } from "./PodTopology.ts"
import { admitPriority, validatePriorityClass } from "./Priority.ts"
import { admitRuntimeClass, validateRuntimeClass } from "./RuntimeClass.ts"
import { admitServiceAccount, validateServiceAccount } from "./ServiceAccount.ts"
import { admitStorageProtection } from "./StorageProtection.ts"

/** What a write does to its object. */
export type Operation = "create" | "update" | "delete"

/** Changes or refuses an object before it is checked. */
export type Admit = (call: Call, operation: Operation, draft: Draft, previous: KubeObject | undefined) => void

/** Refuses an object that is otherwise complete and valid. */
export type Validate = (call: Call, operation: Operation, object: Draft | undefined, previous: KubeObject | undefined) => void

/** What is about kinds that every cluster has. None of them looks at writes to a status. */
const builtinAdmissions: ReadonlyArray<Admit> = [
  admitLimits,
  admitServiceAccount,
  admitNodeTaints,
  admitPriority,
  admitTolerations,
  admitStorageProtection,
  admitRuntimeClass,
  admitDefaultClass,
  admitPodTopology
]

const builtinValidations: ReadonlyArray<Validate> = [
  validateEscalation,
  validateLimits,
  validateServiceAccount,
  validatePodSecurity,
  validatePriorityClass,
  validateClaimResize,
  validateRuntimeClass,
  validateSigner,
  validatePodResize
]

/** The only ones of them that look at writes to a status. */
const statusValidations: ReadonlyArray<Validate> = [validateSigner]

/** Runs the policies that may change a draft; all once more if what comes last changed something. */
export const admit: Admit = (call, operation, draft, previous) => {
  if (!hasHooks(call.server.admission)) return admitBuiltin(call, operation, draft, previous)
  const again = new Reinvocation()
  admitOnce(call, operation, draft, previous, again)
  if (!again.isNeeded) return
  again.isSecond = true
  admitOnce(call, operation, draft, previous, again)
}

const admitBuiltin: Admit = (call, operation, draft, previous) => {
  admitNamespace(call, operation, draft, previous)
  if (call.resource.custom || call.request.subresource === "status") return
  for (const policy of builtinAdmissions) policy(call, operation, draft, previous)
}

const admitOnce = (call: Call, operation: Operation, draft: Draft, previous: KubeObject | undefined, again: Reinvocation): void => {
  admitBuiltin(call, operation, draft, previous)
  admitPolicies(call, operation, draft, previous, again)
  admitWebhooks(call, operation, draft, previous, again)
}

/** Runs everything that has a say in a deletion. */
export const admitDeletion = (call: Call, found: KubeObject): void => {
  if (hasWebhooks(call.server.admission)) admitWebhooks(call, "delete", undefined, found, new Reinvocation())
  validateAdmitted(call, "delete", undefined, found)
}

/** Runs the policies that look at the finished object. */
export const validateAdmitted: Validate = (call, operation, object, previous) => {
  if (!call.resource.custom) {
    const policies = call.request.subresource === "status" ? statusValidations : builtinValidations
    for (const policy of policies) policy(call, operation, object, previous)
  }
  if (!hasHooks(call.server.admission)) return
  validatePolicies(call, operation, object, previous)
  validateWebhooks(call, operation, object, previous)
}

/** Webhooks change what is written (admission plugin MutatingAdmissionWebhook). */
import { jsonEqual, type KubeObject } from "@fairlead/kube"
import { internalError } from "../ApiFailure.ts"
import type { Fields } from "../builtin/Sharing.ts"
import { type Draft, replaceDraft } from "../Draft.ts"
import { applyJsonPatch, Inapplicable, type Operation as PatchOperation } from "../patch/JsonPatch.ts"
import type { Call } from "../rest/Call.ts"
import type { Operation } from "./Admission.ts"
import type { AdmissionInput } from "./expressions/AdmissionInput.ts"
import { completed } from "./expressions/Mutations.ts"
import { isExempt } from "./expressions/PolicySource.ts"
import type { Reinvocation } from "./Reinvocation.ts"
import { FailedCall } from "./webhooks/AdmissionReview.ts"
import { attempt, callWebhooks } from "./webhooks/CallWebhooks.ts"
import { calledFor, type WebhookCall, webhooksOf } from "./webhooks/WebhookKinds.ts"

/** Calls the webhooks that a write asks for, one after the other; `draft` is absent for deletions. */
export const admitWebhooks = (call: Call, operation: Operation, draft: Draft | undefined, previous: KubeObject | undefined, again: Reinvocation): void => {
  const hooks = webhooksOf(call.server, "mutatingwebhookconfigurations")
  if (hooks.length === 0 || isExempt(call.resource)) return
  if (again.isSecond && !jsonEqual(again.webhooks.left, draft)) again.webhooks.require()
  for (const hook of hooks) {
    const input: AdmissionInput = { call, operation, object: draft as unknown as KubeObject | undefined, oldObject: previous }
    const wanted = calledFor(input, hook)
    if (wanted === undefined || (again.isSecond && !again.webhooks.wants(hook.key))) continue
    const [result] = callWebhooks(input, [wanted], true)
    const before = { ...draft }
    if (result !== undefined && result.patch !== "") attempt(hook.webhook, () => applyPatch(input, wanted, draft, result.patch))
    if (draft !== undefined && !jsonEqual(before, draft)) {
      again.webhooks.require()
      again.isNeeded = true
    }
    if (hook.webhook.reinvocationPolicy === "IfNeeded") again.webhooks.remember(hook.key)
  }
  again.webhooks.left = { ...draft }
}

const applyPatch = ({ call: { resource } }: AdmissionInput, { hook: { webhook }, resource: matched }: WebhookCall, draft: Draft | undefined, text: string): void => {
  const operations = operationsOf(text)
  if (operations.length === 0) return
  if (draft === undefined) {
    throw internalError(`admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`)
  }
  const versioned = { ...draft, apiVersion: matched.apiVersion, kind: matched.kind }
  try {
    const patched = applyJsonPatch(versioned, operations) as Fields
    replaceDraft(draft, completed(resource, { ...patched, apiVersion: resource.apiVersion, kind: resource.kind }, false))
  } catch (error) {
    if (error instanceof Inapplicable) throw internalError(error.message)
    throw error
  }
}

const operationsOf = (text: string): ReadonlyArray<PatchOperation> => {
  try {
    const patch = JSON.parse(text) as unknown
    if (Array.isArray(patch)) return patch as ReadonlyArray<PatchOperation>
    throw new FailedCall("received undecodable patch in webhook response: json: cannot unmarshal into Go value of type jsonpatch.Patch")
  } catch (error) {
    if (error instanceof FailedCall) throw error
    throw new FailedCall(`received undecodable patch in webhook response: ${(error as Error).message}`)
  }
}

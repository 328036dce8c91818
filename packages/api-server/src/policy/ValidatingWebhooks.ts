/** Webhooks refuse what they find wrong (admission plugin ValidatingAdmissionWebhook). */
import type { KubeObject } from "@fairlead/kube"
import type { Validate } from "./Admission.ts"
import type { AdmissionInput } from "./expressions/AdmissionInput.ts"
import { isExempt } from "./expressions/PolicySource.ts"
import { callWebhooks } from "./webhooks/CallWebhooks.ts"
import { calledFor, webhooksOf } from "./webhooks/WebhookKinds.ts"

/** Calls all webhooks that a write asks for at the same time; the refusal of the first of them is told. */
export const validateWebhooks: Validate = (call, operation, object, previous) => {
  const hooks = webhooksOf(call.server, "validatingwebhookconfigurations")
  if (hooks.length === 0 || isExempt(call.resource)) return
  const input: AdmissionInput = { call, operation, object: object as unknown as KubeObject | undefined, oldObject: previous }
  const calls = hooks.flatMap((hook) => calledFor(input, hook) ?? [])
  if (calls.length > 0) callWebhooks(input, calls, false)
}

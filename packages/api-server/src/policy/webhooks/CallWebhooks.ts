/** Calls admission webhooks, and makes refusals of what they decide. */
import type { Status } from "@fairlead/kube"
import { ApiFailure, badRequest, internalError } from "../../ApiFailure.ts"
import type { OutsideAnswer } from "../../outside/Outside.ts"
import type { AdmissionInput } from "../expressions/AdmissionInput.ts"
import { FailedCall, readReview, type ReviewResult, reviewQuestion } from "./AdmissionReview.ts"
import type { Webhook, WebhookCall } from "./WebhookKinds.ts"

/** What came of each call, in order; `undefined` where a failure is to be ignored. Throws what refuses the write. */
export const callWebhooks = (input: AdmissionInput, calls: ReadonlyArray<WebhookCall>, mutating: boolean): ReadonlyArray<ReviewResult | undefined> => {
  const { dryRun, server, warnings } = input.call
  const questions = calls.map((call) => {
    const { name, sideEffects } = call.hook.webhook
    if (dryRun && sideEffects !== "None" && sideEffects !== "NoneOnDryRun") throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`)
    return attempt(call.hook.webhook, () => reviewQuestion(input, call))
  })
  const asked = questions.filter((question) => question !== undefined)
  const answers = asked.length === 0 ? [] : server.outside.answers(asked)
  const byQuestion = new Map<unknown, OutsideAnswer>(asked.map((question, i) => [question, answers[i]!]))
  return calls.map(({ hook: { webhook } }, i) => {
    const answer = byQuestion.get(questions[i])
    const result = answer === undefined ? undefined : attempt(webhook, () => readReview(answer, mutating))
    warnings.push(...(result?.warnings ?? []))
    if (result?.allowed === false) throw denied(webhook, result.status as Partial<Status> | undefined)
    return result
  })
}

/** Carries something out that may fail; failures are ignored if the webhook says so. */
export const attempt = <A>({ failurePolicy, name }: Webhook, run: () => A): A | undefined => {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof FailedCall)) throw error
    if (failurePolicy === "Ignore") return undefined
    throw internalError(`failed calling webhook ${JSON.stringify(name)}: ${error.message}`)
  }
}

const denied = ({ name }: Webhook, status: Partial<Status> = {}): ApiFailure => {
  const { code = 0, message = "", reason = "" } = status
  const by = `admission webhook ${JSON.stringify(name)} denied the request`
  return new ApiFailure({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: message !== "" ? `${by}: ${message}` : reason !== "" ? `${by}: ${reason}` : `${by} without explanation`,
    ...(reason === "" ? {} : { reason }),
    ...(status.details === undefined ? {} : { details: status.details }),
    code: Math.max(code, 400)
  })
}

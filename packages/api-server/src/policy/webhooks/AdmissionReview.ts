/** What admission webhooks are sent and what they answer. */
import { goQuote } from "../../builtin/GoText.ts"
import { syntaxErrorOf } from "../../builtin/GoJson.ts"
import type { OutsideAnswer, Question } from "../../outside/Outside.ts"
import { type AdmissionInput, inVersion, kindJson, nameOf, namespaceOf, optionsJson, resourceJson, userJson } from "../expressions/AdmissionInput.ts"
import { addressOf, authorityOf, type WebhookCall } from "./WebhookKinds.ts"

/** What a webhook decided. */
export interface ReviewResult {
  readonly allowed: boolean
  readonly status: { readonly [field: string]: unknown } | undefined
  readonly warnings: ReadonlyArray<string>
  /** A JSON patch, as text. */
  readonly patch: string
}

/** A webhook could not be asked, or gave no good answer. */
export class FailedCall extends Error {
  override readonly name = "FailedCall"
}

const reviewVersions: ReadonlySet<string> = new Set(["v1", "v1beta1"])

/** The question that a webhook is asked about a write. Throws `FailedCall`. */
export const reviewQuestion = (input: AdmissionInput, { hook: { key, webhook }, resource }: WebhookCall): Question => {
  const version = (webhook.admissionReviewVersions ?? []).find((it) => reviewVersions.has(it))
  if (version === undefined) throw new FailedCall("could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)")
  const request = requestOf(input, resource)
  return {
    key: `${key} ${JSON.stringify(request)}`,
    url: addressOf(webhook.clientConfig),
    caBundle: authorityOf(webhook.clientConfig),
    timeoutMs: (webhook.timeoutSeconds ?? 10) * 1000,
    tellsTimeout: true,
    document: (uid) => ({ kind: "AdmissionReview", apiVersion: `admission.k8s.io/${version}`, request: { uid, ...request } })
  }
}

const requestOf = (input: AdmissionInput, matched: WebhookCall["resource"]): object => {
  const { call: { dryRun, request: { subresource }, resource, user }, object, oldObject, operation } = input
  const [name, namespace] = [nameOf(input), namespaceOf(input)]
  const below = subresource === undefined ? {} : { subResource: subresource }
  return {
    kind: kindJson(matched),
    resource: resourceJson(matched),
    ...below,
    requestKind: kindJson(resource),
    requestResource: resourceJson(resource),
    ...(subresource === undefined ? {} : { requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation: operation.toUpperCase(),
    userInfo: userJson(user),
    object: inVersion(input, matched, object) ?? null,
    oldObject: inVersion(input, matched, oldObject) ?? null,
    dryRun,
    options: optionsJson(input)
  }
}

type Json = { readonly [field: string]: unknown }

const genericTexts: Readonly<Record<number, string>> = {
  400: "the server rejected our request for an unknown reason",
  401: "the server has asked for the client to provide credentials",
  404: "the server could not find the requested resource",
  405: "the server does not allow this method on the requested resource",
  429: "the server has received too many requests and has asked us to try again later",
  503: "the server is currently unable to handle the request",
  504: "the server was unable to return a response in the time allotted, but may still be processing the request"
}

const refusedText = (status: number, text: string): string => {
  if (status === 500) return `an error on the server (${goQuote(text)}) has prevented the request from succeeding`
  return genericTexts[status] ?? `the server responded with the status code ${status} but did not return more information`
}

const parsed = (text: string): Json => {
  try {
    const value = JSON.parse(text) as unknown
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json
  } catch {
    throw new FailedCall(`couldn't get version/kind; json parse error: ${syntaxErrorOf(text) ?? "unexpected end of JSON input"}`)
  }
  throw new FailedCall("couldn't get version/kind; json parse error: the answer is no object")
}

const invalid = (why: string): FailedCall => new FailedCall(`received invalid webhook response: ${why}`)

/** The document of an answer. Throws `FailedCall`. */
export const readAnswer = (answer: OutsideAnswer): Json => {
  if ("problem" in answer) throw new FailedCall(answer.problem)
  if (answer.status < 200 || answer.status > 206) throw new FailedCall(refusedText(answer.status, answer.text))
  return parsed(answer.text)
}

const calledFor = (answer: OutsideAnswer): Json => {
  try {
    return readAnswer(answer)
  } catch (error) {
    if (error instanceof FailedCall) throw new FailedCall(`failed to call webhook: ${error.message}`)
    throw error
  }
}

/** What an answer says. Throws `FailedCall`. */
export const readReview = (answer: OutsideAnswer, mutating: boolean): ReviewResult => {
  const { apiVersion = "", kind = "", response } = calledFor(answer) as { apiVersion?: string; kind?: string; response?: Json }
  if ("problem" in answer || response === undefined || response === null) throw invalid("webhook response was absent")
  const { allowed, patch, patchType, status, uid, warnings } = response
  if (apiVersion !== "admission.k8s.io/v1beta1") {
    if (uid !== answer.uid) throw invalid(`expected response.uid=${goQuote(answer.uid)}, got ${goQuote(String(uid ?? ""))}`)
    if (apiVersion !== "admission.k8s.io/v1" || kind !== "AdmissionReview") throw invalid(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`)
    checkPatch(patch, patchType, mutating)
  }
  return {
    allowed: allowed === true,
    status: status as Json | undefined,
    warnings: Array.isArray(warnings) ? (warnings as ReadonlyArray<string>) : [],
    patch: mutating && typeof patch === "string" && patch !== "" ? decodedPatch(patch) : ""
  }
}

const checkPatch = (patch: unknown, patchType: unknown, mutating: boolean): void => {
  const [has, hasType] = [patch !== undefined && patch !== null && patch !== "", patchType !== undefined && patchType !== null]
  if (!mutating && has) throw invalid("validating webhook may not return response.patch")
  if (!mutating && hasType) throw invalid("validating webhook may not return response.patchType")
  if (has && !hasType) throw invalid("webhook returned response.patch but not response.patchType")
  if (!has && hasType) throw invalid("webhook returned response.patchType but not response.patch")
  if (patchType === "") throw invalid('webhook returned invalid response.patchType of ""')
  if (hasType && patchType !== "JSONPatch") throw new FailedCall(`unsupported patch type ${goQuote(String(patchType))}`)
}

const decodedPatch = (patch: string): string => {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(patch), (character) => character.charCodeAt(0)))
  } catch {
    throw new FailedCall("failed to call webhook: illegal base64 data in response.patch")
  }
}

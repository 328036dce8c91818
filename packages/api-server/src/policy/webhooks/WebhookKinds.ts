/** Configurations of admission webhooks, in the order in which they are called. */
import type { KubeObject } from "@fairlead/kube"
import { forbidden } from "../../ApiFailure.ts"
import type { ServedResource } from "../../ServedResource.ts"
import type { ServerContext } from "../../ServerContext.ts"
import { type AdmissionInput, nameOf } from "../expressions/AdmissionInput.ts"
import type { MatchResources, NamedExpression, ResourceRule } from "../expressions/PolicyKinds.ts"
import { PolicyCompiler } from "../expressions/PolicyCompiler.ts"
import { compileConditions, type Conditions, conditionsHold } from "../expressions/PolicyConditions.ts"
import { admissionObjects, remembered } from "../expressions/PolicySource.ts"
import { matchedResource } from "../expressions/ResourceMatch.ts"

/** Where something outside the server is called. */
export interface WebhookClient {
  readonly url?: string
  readonly service?: { readonly name?: string; readonly namespace?: string; readonly path?: string; readonly port?: number }
  /** PEM text in base64. */
  readonly caBundle?: string
}

/** One webhook of a configuration. */
export interface Webhook extends Omit<MatchResources, "resourceRules" | "excludeResourceRules"> {
  readonly name: string
  readonly clientConfig: WebhookClient
  readonly rules?: ReadonlyArray<ResourceRule>
  readonly failurePolicy?: string
  readonly sideEffects?: string
  readonly timeoutSeconds?: number
  readonly admissionReviewVersions?: ReadonlyArray<string>
  readonly matchConditions?: ReadonlyArray<NamedExpression>
  readonly reinvocationPolicy?: string
}

/** A webhook with what tells it from all others. */
export interface WebhookHook {
  readonly key: string
  readonly webhook: Webhook
  readonly conditions: Conditions
}

/** A webhook that is to be called for a write, with the resource that its rules name. */
export interface WebhookCall {
  readonly hook: WebhookHook
  readonly resource: ServedResource
}

const hooksOf = remembered((configuration: KubeObject & { readonly webhooks?: ReadonlyArray<Webhook> | null }): ReadonlyArray<WebhookHook> =>
  (configuration.webhooks ?? []).map((webhook, i) => ({
    key: `${configuration.metadata.name}/${webhook.name}/${i}`,
    webhook,
    conditions: compileConditions(new PolicyCompiler(undefined, { params: false }), webhook.matchConditions)
  })))

/** All webhooks of one kind of configuration. */
export const webhooksOf = (server: ServerContext, plural: "mutatingwebhookconfigurations" | "validatingwebhookconfigurations"): ReadonlyArray<WebhookHook> => {
  const configurations = admissionObjects(server, plural)
  return configurations.length === 0 ? none : configurations.flatMap(hooksOf)
}

const none: ReadonlyArray<never> = []

/** The call of a webhook that a write asks for; throws `Forbidden` if its conditions cannot be found out. */
export const calledFor = (input: AdmissionInput, hook: WebhookHook): WebhookCall | undefined => {
  const { failurePolicy, rules = [], ...match } = hook.webhook
  const resource = rules.length === 0 ? undefined : matchedResource(input, { ...match, resourceRules: rules })
  if (resource === undefined) return undefined
  const held = conditionsHold(hook.conditions, { input, resource, params: undefined })
  if (typeof held === "boolean") return held ? { hook, resource } : undefined
  if (failurePolicy === "Ignore") return undefined
  throw forbidden(input.call.resource, nameOf(input), held.problem)
}

/** The address of a webhook. */
export const addressOf = ({ service, url }: WebhookClient): string => {
  if (url !== undefined) return url
  const { name = "", namespace = "", path = "", port = 443 } = service ?? {}
  return `https://${name}.${namespace}.svc:${port}${path === "" || path.startsWith("/") ? path : `/${path}`}`
}

/** The authority that vouches for a webhook, as PEM text. */
export const authorityOf = ({ caBundle }: WebhookClient): string | undefined => (caBundle === undefined || caBundle === "" ? undefined : atob(caBundle))

/** What is wrong with how a definition converts objects between its versions. */
import type { StatusCause } from "@fairlead/kube"
import { forbiddenValue, requiredValue } from "../FieldCause.ts"
import { dns1035Errors } from "../internal/nameRules.ts"
import { invalid, unsupported } from "./Causes.ts"
import type { ConversionClient, ConversionSpec } from "./Definition.ts"
import { checkWebhookService, checkWebhookUrl } from "./WebhookClients.ts"

type Found = Array<StatusCause>

const path = "spec.conversion"

/** Checks the conversion of a definition. */
export const checkConversion = (conversion: ConversionSpec | undefined, found: Found): void => {
  if (conversion === undefined) return
  const { strategy = "", webhook } = conversion
  const versions = webhook?.conversionReviewVersions ?? []
  if (strategy === "") found.push(requiredValue(`${path}.strategy`))
  else if (strategy !== "None" && strategy !== "Webhook") found.push(unsupported(`${path}.strategy`, strategy, ["None", "Webhook"]))
  if (strategy === "Webhook") {
    checkClient(webhook?.clientConfig, found)
    checkReviewVersions(versions, found)
    return
  }
  const why = "should not be set when strategy is not set to Webhook"
  if (webhook?.clientConfig !== undefined) found.push(forbiddenValue(`${path}.webhookClientConfig`, why))
  if (versions.length > 0) found.push(forbiddenValue(`${path}.conversionReviewVersions`, why))
}

const checkClient = (client: ConversionClient | undefined, found: Found): void => {
  const at = `${path}.webhookClientConfig`
  if (client === undefined) found.push(requiredValue(at, "required when strategy is set to Webhook"))
  else if ((client.url === undefined) === (client.service === undefined)) found.push(requiredValue(at, "exactly one of url or service is required"))
  else if (client.url !== undefined) checkWebhookUrl(client.url, `${at}.url`, found)
  else checkWebhookService(client.service!, `${at}.service`, found)
}

const checkReviewVersions = (versions: ReadonlyArray<string>, found: Found): void => {
  const at = `${path}.conversionReviewVersions`
  if (versions.length === 0) return void found.push(requiredValue(at))
  versions.forEach((version, i) => {
    if (versions.indexOf(version) < i) found.push(invalid(`${at}[${i}]`, version, "duplicate version"))
    else for (const error of dns1035Errors(version)) found.push(invalid(`${at}[${i}]`, version, error))
  })
  if (!versions.includes("v1") && !versions.includes("v1beta1")) found.push(invalid(at, versions, "must include at least one of v1, v1beta1"))
}

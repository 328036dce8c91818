/** What is wrong with how a definition converts objects between its versions. */
import type { StatusCause } from "@fairlead/kube"
import { forbiddenValue, requiredValue } from "../FieldCause.ts"
import { parseAnyUrl } from "../cel/net/GoUrl.ts"
import { dns1035Errors, subdomainErrors } from "../internal/nameRules.ts"
import { invalid, unsupported } from "./Causes.ts"
import type { ConversionClient, ConversionSpec } from "./Definition.ts"

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
  else if (client.url !== undefined) checkUrl(client.url, `${at}.url`, found)
  else checkService(client.service!, `${at}.service`, found)
}

const checkUrl = (text: string, at: string, found: Found): void => {
  const form = "; desired format: https://host[/path]"
  const url = parseAnyUrl(text)
  if (typeof url === "string") return void found.push(requiredValue(at, `url must be a valid URL: ${url}${form}`))
  if (url.scheme !== "https") found.push(invalid(at, url.scheme, `'https' is the only allowed URL scheme${form}`))
  if (url.host === "") found.push(invalid(at, "", `host must be specified${form}`))
  if (url.userInfo !== undefined) found.push(invalid(at, url.userInfo, "user information is not permitted in the URL"))
  if (url.fragment !== "") found.push(invalid(at, url.fragment, "fragments are not permitted in the URL"))
  if (url.rawQuery !== "") found.push(invalid(at, url.rawQuery, "query parameters are not permitted in the URL"))
}

/** Name and namespace are taken for each other, as in the original. */
const checkService = ({ name = "", namespace = "", path: target = "", port = 443 }: NonNullable<ConversionClient["service"]>, at: string, found: Found): void => {
  if (namespace === "") found.push(requiredValue(`${at}.name`))
  if (name === "") found.push(requiredValue(`${at}.namespace`))
  if (port < 1 || port > 65535) found.push(invalid(`${at}.port`, port, "port is not valid: must be between 1 and 65535, inclusive"))
  if (target === "" || target === "/") return
  const refuse = (why: string): void => void found.push(invalid(`${at}.path`, target, why))
  if (target === "//") return refuse("segment[0] may not be empty")
  if (!target.startsWith("/")) refuse("must start with a '/'")
  target.slice(1).replace(/\/$/, "").split("/").forEach((segment, i) => {
    if (segment === "") refuse(`segment[${i}] may not be empty`)
    else for (const error of subdomainErrors(segment)) refuse(`segment[${i}]: ${error}`)
  })
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

/** What is wrong with where a webhook is called. */
import type { StatusCause } from "@fairlead/kube"
import { parseAnyUrl } from "../cel/net/GoUrl.ts"
import { requiredValue } from "../FieldCause.ts"
import { subdomainErrors } from "../internal/nameRules.ts"
import { invalid } from "./Causes.ts"

/** A service that answers a webhook. */
export interface WebhookService {
  readonly name?: string
  readonly namespace?: string
  readonly path?: string
  readonly port?: number
}

/** Checks the URL of a webhook. */
export const checkWebhookUrl = (text: string, at: string, found: Array<StatusCause>): void => {
  const form = "; desired format: https://host[/path]"
  const url = parseAnyUrl(text)
  if (typeof url === "string") return void found.push(requiredValue(at, `url must be a valid URL: ${url}${form}`))
  if (url.scheme !== "https") found.push(invalid(at, url.scheme, `'https' is the only allowed URL scheme${form}`))
  if (url.host === "") found.push(invalid(at, "", `host must be specified${form}`))
  if (url.userInfo !== undefined) found.push(invalid(at, url.userInfo, "user information is not permitted in the URL"))
  if (url.fragment !== "") found.push(invalid(at, url.fragment, "fragments are not permitted in the URL"))
  if (url.rawQuery !== "") found.push(invalid(at, url.rawQuery, "query parameters are not permitted in the URL"))
}

/** Checks the service of a webhook. Name and namespace are taken for each other, as in the original. */
export const checkWebhookService = ({ name = "", namespace = "", path: target = "", port = 443 }: WebhookService, at: string, found: Array<StatusCause>): void => {
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

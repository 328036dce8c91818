/** Converts custom resources between versions by the webhook of their definition. */
import type { KubeObject } from "@fairlead/kube"
import { rawError } from "../ApiFailure.ts"
import { currentOutside, type OutsideAnswer, type Question } from "../outside/Outside.ts"
import { FailedCall, readAnswer } from "../policy/webhooks/AdmissionReview.ts"
import { addressOf, authorityOf, type WebhookClient } from "../policy/webhooks/WebhookKinds.ts"
import type { ConversionSpec } from "./Definition.ts"

const timeoutMs = 30_000

/** How many conversions are remembered; a watch finds in them what its objects were converted to when they were written. */
const rememberedMax = 10_000

/** Asks the webhook of one definition. Equal objects are asked about once, whatever their resourceVersion. */
export class WebhookConverter {
  private readonly client: WebhookClient
  private readonly reviewVersion: string
  private readonly made = new Map<string, KubeObject>()

  constructor({ webhook }: ConversionSpec) {
    this.client = webhook?.clientConfig ?? {}
    this.reviewVersion = webhook?.conversionReviewVersions?.find((it) => it === "v1" || it === "v1beta1") ?? "v1"
  }

  /** The objects in another version. Throws when they cannot be had. */
  convert(objects: ReadonlyArray<KubeObject>, apiVersion: string): ReadonlyArray<KubeObject> {
    const keys = objects.map((object) => keyOf(object, apiVersion))
    const open = objects.filter((object, i) => object.apiVersion !== apiVersion && !this.made.has(keys[i]!) && keys.indexOf(keys[i]!) === i)
    if (open.length > 0) this.ask(open, apiVersion)
    return objects.map((object, i) => (object.apiVersion === apiVersion ? object : withMetadata(this.made.get(keys[i]!)!, object)))
  }

  private ask(objects: ReadonlyArray<KubeObject>, apiVersion: string): void {
    const question: Question = {
      key: `${addressOf(this.client)} ${objects.map((object) => keyOf(object, apiVersion)).join(" ")}`,
      url: addressOf(this.client),
      caBundle: authorityOf(this.client),
      timeoutMs,
      document: (uid) => ({
        kind: "ConversionReview",
        apiVersion: `apiextensions.k8s.io/${this.reviewVersion}`,
        request: { uid, desiredAPIVersion: apiVersion, objects }
      })
    }
    const [answer] = currentOutside().answers([question])
    const converted = this.read(answer!, objects, apiVersion)
    objects.forEach((object, i) => this.remember(keyOf(object, apiVersion), converted[i]!))
  }

  private remember(key: string, object: KubeObject): void {
    if (this.made.size >= rememberedMax) this.made.delete(this.made.keys().next().value!)
    this.made.set(key, object)
  }

  private read(answer: OutsideAnswer, objects: ReadonlyArray<KubeObject>, apiVersion: string): ReadonlyArray<KubeObject> {
    const [{ apiVersion: from = "", kind }] = objects as readonly [KubeObject]
    try {
      return convertedIn(answer, objects, apiVersion)
    } catch (error) {
      if (!(error instanceof FailedCall)) throw error
      throw rawError(`conversion webhook for ${from}, Kind=${kind} failed: ${error.message}`)
    }
  }
}

const keyOf = ({ metadata: { managedFields: _, resourceVersion: __, ...metadata }, ...object }: KubeObject, apiVersion: string): string =>
  `${apiVersion} ${JSON.stringify({ ...object, metadata })}`

const convertedIn = (answer: OutsideAnswer, objects: ReadonlyArray<KubeObject>, apiVersion: string): ReadonlyArray<KubeObject> => {
  const { response } = readAnswer(answer) as { readonly response?: { readonly uid?: string; readonly convertedObjects?: ReadonlyArray<KubeObject>; readonly result?: { readonly status?: string; readonly message?: string } } }
  if (response === undefined || response === null) throw new FailedCall("no response provided")
  const { convertedObjects = [], result, uid } = response
  if (!("problem" in answer) && uid !== answer.uid) throw new FailedCall(`expected response.uid=${JSON.stringify(answer.uid)}, got ${JSON.stringify(uid ?? "")}`)
  if (result?.status !== "Success") throw new FailedCall(result?.message === undefined || result.message === "" ? "response.result.status was '', not 'Success'" : result.message)
  if (convertedObjects.length !== objects.length) throw new FailedCall(`webhook returned ${convertedObjects.length} objects, expected ${objects.length}`)
  convertedObjects.forEach((converted, i) => checkConverted(converted, objects[i]!, apiVersion, i))
  return convertedObjects
}

const checkConverted = (converted: KubeObject, { kind, metadata }: KubeObject, apiVersion: string, i: number): void => {
  const refuse = (why: string): never => {
    throw new FailedCall(`webhook returned an invalid converted object at index ${i}: ${why}`)
  }
  if (converted.apiVersion !== apiVersion) refuse(`invalid apiVersion: ${converted.apiVersion}, expected: ${apiVersion}`)
  if (converted.kind !== kind) refuse(`must have the same kind: ${converted.kind} != ${kind}`)
  for (const name of ["name", "namespace", "uid"] as const) {
    if ((converted.metadata?.[name] ?? "") !== (metadata[name] ?? "")) refuse(`must have the same ${name === "uid" ? "UID" : name}: ${converted.metadata?.[name] ?? ""} != ${metadata[name] ?? ""}`)
  }
}

/** Of the metadata, a webhook changes labels and annotations only. */
const withMetadata = (converted: KubeObject, original: KubeObject): KubeObject => {
  const { annotations: _, labels: __, ...metadata } = original.metadata
  const { annotations, labels } = converted.metadata
  return { ...converted, metadata: { ...metadata, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) } }
}

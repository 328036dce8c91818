/** What stored objects look like in a version: by its schema, under its apiVersion, and as a webhook says if the definition has one. */
import type { KubeObject } from "@fairlead/kube"
import type { Conversion } from "../ServedResource.ts"
import type { VersionSchema } from "./VersionSchema.ts"
import type { WebhookConverter } from "./WebhookConversion.ts"

/** The versions of a definition. */
export interface ConvertedVersions {
  readonly group: string
  readonly storage: string
  readonly schemas: ReadonlyMap<string, VersionSchema>
  /** Converts what differs in more than its schema. */
  readonly converter: WebhookConverter | undefined
  /** The versions in which somebody may watch. */
  readonly watched: () => ReadonlyArray<string>
}

/** Converts objects between the stored version and another. */
export const conversionBetween = (versions: ConvertedVersions, served: string): Conversion => {
  const { converter, group, schemas, storage, watched } = versions
  const settled = (object: KubeObject): KubeObject => (schemas.get(versionOf(object))?.normalise(object) ?? object) as KubeObject
  const inVersion = (object: KubeObject, version: string): KubeObject => {
    const apiVersion = `${group}/${version}`
    const schema = schemas.get(version)!
    return converter === undefined || object.apiVersion === apiVersion
      ? relabelled(object, apiVersion, schema)
      : (schema.prune(converter.convert([object], apiVersion)[0]!) as unknown as KubeObject)
  }
  return {
    fromStored: remembering((object) => inVersion(settled(object), served)),
    toStored: remembering((object) => inVersion(object, storage)),
    remote: converter === undefined ? undefined : {
      allFromStored: (objects) => void converter.convert(objects.map(settled), `${group}/${served}`),
      foresee: (stored) => {
        // The answer to the write itself shows what is stored, too.
        for (const version of new Set([served, ...watched()])) converter.convert([settled(stored)], `${group}/${version}`)
      }
    }
  }
}

const versionOf = ({ apiVersion = "" }: KubeObject): string => apiVersion.slice(apiVersion.indexOf("/") + 1)

const relabelled = (object: object, apiVersion: string, schema: VersionSchema): KubeObject => {
  const found = object as KubeObject
  return found.apiVersion === apiVersion ? found : (schema.prune({ ...found, apiVersion }) as unknown as KubeObject)
}

/** Makes each converted object once. */
const remembering = (convert: (object: KubeObject) => KubeObject): ((object: KubeObject) => KubeObject) => {
  const made = new WeakMap<KubeObject, KubeObject>()
  return (object) => {
    let other = made.get(object)
    if (other === undefined) made.set(object, (other = convert(object)))
    return other
  }
}

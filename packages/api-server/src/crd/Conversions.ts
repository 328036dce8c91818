/** What stored objects look like in a version: by its schema, and under its apiVersion. */
import type { KubeObject } from "@fairlead/kube"
import type { Conversion } from "../ServedResource.ts"
import type { VersionSchema } from "./VersionSchema.ts"

/** Converts objects between the stored version and another, which differ in their schemas alone. */
export const conversionBetween = (
  group: string,
  served: string,
  storage: string,
  schemas: ReadonlyMap<string, VersionSchema>
): Conversion => ({
  fromStored: remembering((object) => {
    const at = versionOf(object)
    return relabelled(schemas.get(at)?.normalise(object) ?? object, `${group}/${served}`, schemas.get(served)!)
  }),
  toStored: remembering((object) => relabelled(object, `${group}/${storage}`, schemas.get(storage)!))
})

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

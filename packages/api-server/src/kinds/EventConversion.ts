/** Events are stored in the form of the core group and also shown in that of events.k8s.io, which renames their fields. */
import type { KubeObject } from "@fairlead/kube"
import type { Conversion } from "../ServedResource.ts"

/** Core name and events.k8s.io name of each renamed field. */
const renamed: ReadonlyArray<readonly [string, string]> = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"]
]

/** The core form writes these even when they are empty, the other one does not. */
const alwaysInCore = ["reportingComponent", "reportingInstance"] as const

const convert = (names: ReadonlyMap<string, string>, apiVersion: string): ((object: KubeObject) => KubeObject) => {
  const made = new WeakMap<KubeObject, KubeObject>()
  return (object) => {
    if (object.apiVersion === apiVersion) return object
    const known = made.get(object)
    if (known !== undefined) return known
    const out: Record<string, unknown> = {}
    const toCore = apiVersion === "v1"
    for (const [key, value] of Object.entries(object)) {
      if (toCore || value !== "" || !(alwaysInCore as ReadonlyArray<string>).includes(key)) out[names.get(key) ?? key] = value
    }
    if (toCore) for (const key of alwaysInCore) out[key] ??= ""
    out["apiVersion"] = apiVersion
    made.set(object, out as unknown as KubeObject)
    return out as unknown as KubeObject
  }
}

/** Between the stored core form and events.k8s.io/v1. */
export const eventConversion: Conversion = {
  fromStored: convert(new Map(renamed), "events.k8s.io/v1"),
  toStored: convert(new Map(renamed.map(([core, events]) => [events, core])), "v1")
}

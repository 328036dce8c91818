/** What stands in the cells of a table. */
import type { KubeObject } from "@fairlead/kube"
import type { ServedResource } from "../ServedResource.ts"
import { ageOf } from "./Durations.ts"

/** The cells of an object. */
export const cellsOf = (object: KubeObject, _resource: ServedResource, now: number): ReadonlyArray<unknown> => [
  object.metadata.name ?? "",
  ageOf(object.metadata.creationTimestamp ?? undefined, now)
]

/** The storage of the original takes no objects of more than 1.5 MiB. */
import type { KubeObject } from "@fairlead/kube"
import { rawError } from "../ApiFailure.ts"
import type { Call } from "./Call.ts"

const bytesMax = 1.5 * 1024 * 1024

/** A body with fewer characters than this cannot make a small object too large by itself. */
const textNoticed = 32 * 1024

/** An object of more bytes than this is measured at every write. */
const bytesNoticed = 256 * 1024

const large = new WeakSet<object>()

/**
 * Throws if an object is larger than the storage takes. Small writes to small objects are not measured: that would cost
 * more than they do.
 */
export const refuseTooLarge = ({ request }: Call, object: object, previous: KubeObject | undefined): void => {
  const { bodyText = "", patchType } = request
  if (bodyText.length < textNoticed && patchType !== "json" && (previous === undefined || !large.has(previous))) return
  const bytes = new TextEncoder().encode(JSON.stringify(object)).length
  if (bytes > bytesMax) throw rawError("etcdserver: request is too large")
  if (bytes > bytesNoticed) large.add(object)
}

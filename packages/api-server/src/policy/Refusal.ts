/** How policies refuse a write. */
import { type ApiFailure, forbidden } from "../ApiFailure.ts"
import type { Draft } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"

/** 403 that names the object, by the beginning of its name while that is not made yet. */
export const refusal = ({ resource, name }: Call, { metadata }: Pick<Draft, "metadata">, why: string): ApiFailure =>
  forbidden(resource, name || metadata.name || metadata.generateName || "Unknown!", why)

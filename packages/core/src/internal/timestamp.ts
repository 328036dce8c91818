/** Times as RFC 3339 text with nanoseconds, as Go's `time.RFC3339Nano` writes them. */
import { fromJson, toJson } from "@bufbuild/protobuf"
import { TimestampSchema } from "@bufbuild/protobuf/wkt"
import { Result } from "effect"

/** A point in time: whole seconds since 1970 and nanoseconds on top. */
export interface Instant {
  readonly seconds: bigint
  readonly nanos: number
}

/** Writes a time in UTC without trailing zeros: `2026-01-02T03:04:05.6Z`. Out of the years 1–9999: the numbers. */
export const formatTimestamp = ({ nanos, seconds }: Instant): string => {
  const text = Result.try(() => toJson(TimestampSchema, { $typeName: "google.protobuf.Timestamp", nanos, seconds }))
  return Result.isSuccess(text) ? text.success.replace(/(\.\d*?)0+Z$/, "$1Z").replace(".Z", "Z") : `${seconds}.${String(nanos).padStart(9, "0")}`
}

/** Reads an RFC 3339 time with any offset; `undefined` if the text is none. */
export const parseTimestamp = (text: string): Instant | undefined => {
  const parsed = Result.try(() => fromJson(TimestampSchema, text))
  return Result.isSuccess(parsed) ? { seconds: parsed.success.seconds, nanos: parsed.success.nanos } : undefined
}

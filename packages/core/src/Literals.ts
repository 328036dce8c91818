/** Values of inputs and outputs in their wire form: how to make them and how they become bytes. */
import { create, type JsonObject } from "@bufbuild/protobuf"
import type { Result } from "effect"
import * as Durations from "./Durations.ts"
import {
  type Blob,
  BlobType_BlobDimensionality,
  type Literal,
  type LiteralMap,
  LiteralMapSchema,
  LiteralSchema,
  type Primitive,
  type Scalar
} from "./idl/core.generated.ts"
import type { Instant } from "./internal/timestamp.ts"
import * as Wire from "./Wire.ts"

/** A literal without value: what a void output holds. */
export const none = (): Literal => scalar({ case: "noneType", value: { $typeName: "flyteidl2.core.Void" } })

/** A whole number of up to 64 bits. */
export const integer = (value: number | bigint): Literal => primitive({ case: "integer", value: BigInt(value) })

/** A floating-point number. */
export const float = (value: number): Literal => primitive({ case: "floatValue", value })

/** A text. */
export const string = (value: string): Literal => primitive({ case: "stringValue", value })

/** True or false. */
export const boolean = (value: boolean): Literal => primitive({ case: "boolean", value })

/** A point in time. */
export const datetime = (value: Instant): Literal =>
  primitive({ case: "datetime", value: { $typeName: "google.protobuf.Timestamp", ...value } })

/** A length of time in nanoseconds. */
export const duration = (nanos: bigint): Literal =>
  primitive({ case: "duration", value: { $typeName: "google.protobuf.Duration", ...Durations.split(nanos) } })

/** A JSON object. */
export const struct = (value: JsonObject): Literal => scalar({ case: "generic", value })

/** A file by URI, or a folder if `multipart`. */
export const blob = (uri: string, options: { readonly multipart?: boolean; readonly format?: string } = {}): Literal =>
  create(LiteralSchema, {
    value: {
      case: "scalar",
      value: {
        value: {
          case: "blob",
          value: {
            uri,
            metadata: {
              type: {
                format: options.format ?? "",
                dimensionality: options.multipart === true ? BlobType_BlobDimensionality.MULTIPART : BlobType_BlobDimensionality.SINGLE
              }
            }
          }
        }
      }
    }
  })

/** Bytes; `tag` says how they are encoded. */
export const binary = (value: Uint8Array, tag = ""): Literal =>
  create(LiteralSchema, { value: { case: "scalar", value: { value: { case: "binary", value: { value, tag } } } } })

/** A list. */
export const collection = (literals: ReadonlyArray<Literal>): Literal =>
  create(LiteralSchema, { value: { case: "collection", value: { literals: [...literals] } } })

/** A map with text keys. */
export const map = (literals: { readonly [key: string]: Literal }): Literal =>
  create(LiteralSchema, { value: { case: "map", value: { literals: { ...literals } } } })

/** The wire form of all inputs or outputs of a task. */
export const literalMap = (literals: { readonly [key: string]: Literal }): LiteralMap =>
  ({ $typeName: "flyteidl2.core.LiteralMap", literals: { ...literals } })

/** A literal around any scalar. */
export const scalar = (value: Scalar["value"]): Literal =>
  create(LiteralSchema, { value: { case: "scalar", value: { $typeName: "flyteidl2.core.Scalar", value } } })

const primitive = (value: Primitive["value"]): Literal =>
  scalar({ case: "primitive", value: { $typeName: "flyteidl2.core.Primitive", value } })

/** Bytes of `inputs.pb` and `outputs.pb`. */
export const encodeMap = (map: LiteralMap): Uint8Array =>
  map.$unknown === undefined && Object.keys(map.literals).length === 0 ? new Uint8Array(0) : Wire.encode(LiteralMapSchema, map)

/** Reads `inputs.pb` or `outputs.pb`; no bytes are an empty map. */
export const decodeMap = (bytes: Uint8Array): Result.Result<LiteralMap, Wire.WireInvalid> => Wire.decode(LiteralMapSchema, bytes)

/** The blob of a literal that is one. */
export const blobOf = (literal: Literal): Blob | undefined =>
  literal.value.case === "scalar" && literal.value.value.value.case === "blob" ? literal.value.value.value.value : undefined

/** True for a blob that is a folder. */
export const isMultipart = (value: Blob): boolean => value.metadata?.type?.dimensionality === BlobType_BlobDimensionality.MULTIPART

/** Fields of settings that may be left out. */
import { Effect, Schema } from "effect"

/** A field with a default, as it is written. */
export const withDefault = <S extends Schema.Constraint>(schema: S, value: S["Encoded"]) => Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema)

/** A duration with a default, such as `30 seconds`. */
export const duration = (value: string) => withDefault(Schema.DurationFromString, value)

/** Protobuf messages as bytes and as base64 text, with errors instead of exceptions. */
import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf"
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire"
import { Data, Result } from "effect"

/** Bytes that do not hold the message that they should. */
export class WireInvalid extends Data.TaggedError("WireInvalid")<{
  /** Name of the message, such as `core.LiteralMap`. */
  readonly expected: string
  /** Number of bytes, or of characters if not even base64. */
  readonly size: number
  readonly problem: string
}> {
  override get message(): string {
    return `${this.size} bytes are no ${this.expected}: ${this.problem}`
  }
}

const nameOf = (schema: DescMessage): string => schema.typeName.replace(/^flyteidl2\./, "")

const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Writes a message. */
export const encode = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Uint8Array => toBinary(schema, message)

/** Reads a message. */
export const decode = <Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array
): Result.Result<MessageShape<Desc>, WireInvalid> =>
  Result.try({
    try: () => fromBinary(schema, bytes),
    catch: (error) => new WireInvalid({ expected: nameOf(schema), size: bytes.length, problem: problemOf(error) })
  })

/** Writes a message as base64 text, the form of fields such as `spec.taskTemplate`. */
export const encodeBase64 = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): string =>
  base64Encode(toBinary(schema, message))

/** Reads a message from base64 text. */
export const decodeBase64 = <Desc extends DescMessage>(
  schema: Desc,
  text: string
): Result.Result<MessageShape<Desc>, WireInvalid> =>
  Result.try({
    try: () => base64Decode(text),
    catch: () => new WireInvalid({ expected: nameOf(schema), size: text.length, problem: "the text is not base64" })
  }).pipe(Result.flatMap((bytes) => decode(schema, bytes)))

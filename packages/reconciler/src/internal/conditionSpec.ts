/** What the engine has to know of a serialized `workflow.ConditionAction`: whether it is one, and how long it may wait. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire"
import { Result } from "effect"
import * as Base64 from "effect/encoding/Base64"

const timeoutField = 10
const secondsField = 1
const nanosField = 2

/** The timeout in milliseconds; zero or less means none. Fails with what is wrong with the text. */
export const timeoutOf = (conditionSpec: string): Result.Result<number, string> => {
  const bytes = Base64.decode(conditionSpec)
  if (Result.isFailure(bytes)) return Result.fail("is not base64")
  return Result.try({
    try: () => {
      let timeout = 0
      forEachField(new BinaryReader(bytes.success), (field, wireType, reader) => {
        if (field === timeoutField && wireType === WireType.LengthDelimited) timeout = durationOf(reader.bytes())
        else reader.skip(wireType)
      })
      return timeout
    },
    catch: () => `holds ${bytes.success.length} bytes that are no workflow.ConditionAction`
  })
}

const durationOf = (bytes: Uint8Array): number => {
  let millis = 0
  forEachField(new BinaryReader(bytes), (field, wireType, reader) => {
    if (field === secondsField) millis += Number(reader.int64()) * 1000
    else if (field === nanosField) millis += Math.floor(reader.int32() / 1_000_000)
    else reader.skip(wireType)
  })
  return millis
}

const forEachField = (reader: BinaryReader, read: (field: number, wireType: WireType, reader: BinaryReader) => void): void => {
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    read(field, wireType, reader)
  }
}

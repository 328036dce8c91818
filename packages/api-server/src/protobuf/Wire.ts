/** Writes and reads the wire format of protobuf. */

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Wire types: variable-length integers, eight bytes, length-delimited, four bytes. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** Collects the bytes of a message. */
export class WireWriter {
  private readonly bytes: Array<number> = []

  tag(number: number, type: number): void {
    this.varint(number * 8 + type)
  }

  /** Integers beyond 32 bits and negative ones, which take ten bytes, go through BigInt. */
  varint(value: number): void {
    if (value < 0 || value > 0x7fff_ffff) return this.bigVarint(BigInt.asUintN(64, BigInt(Math.trunc(value))))
    let rest = value
    while (rest > 127) {
      this.bytes.push((rest & 127) | 128)
      rest >>>= 7
    }
    this.bytes.push(rest)
  }

  private bigVarint(value: bigint): void {
    let rest = value
    while (rest > 127n) {
      this.bytes.push(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    this.bytes.push(Number(rest))
  }

  double(value: number): void {
    const view = new DataView(new ArrayBuffer(8))
    view.setFloat64(0, value, true)
    for (let i = 0; i < 8; i++) this.bytes.push(view.getUint8(i))
  }

  /** A length and so many bytes. */
  delimited(value: Uint8Array): void {
    this.varint(value.length)
    for (const byte of value) this.bytes.push(byte)
  }

  text(value: string): void {
    this.delimited(encoder.encode(value))
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.bytes)
  }
}

/** The bytes are no message. */
export class WireError extends Error {}

/** One field as it stands on the wire. */
export interface WireField {
  readonly number: number
  readonly type: number
  /** The value of a variable-length integer. */
  readonly integer: bigint
  /** The bytes of everything else. */
  readonly bytes: Uint8Array
}

const empty = new Uint8Array()

/** Reads the fields of a message in their order. Throws `WireError`. */
export const readFields = (bytes: Uint8Array): ReadonlyArray<WireField> => {
  const fields: Array<WireField> = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new WireError("unexpected EOF")
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
    throw new WireError("proto: integer overflow")
  }
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new WireError("unexpected EOF")
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const field = { number: Math.floor(tag / 8), type: tag % 8 }
    switch (field.type) {
      case wire.varint:
        fields.push({ ...field, integer: varint(), bytes: empty })
        break
      case wire.fixed64:
        fields.push({ ...field, integer: 0n, bytes: take(8) })
        break
      case wire.bytes:
        fields.push({ ...field, integer: 0n, bytes: take(Number(varint())) })
        break
      case wire.fixed32:
        fields.push({ ...field, integer: 0n, bytes: take(4) })
        break
      default:
        throw new WireError(`proto: illegal wireType ${field.type}`)
    }
  }
  return fields
}

/** Text of some bytes. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

/** The bytes of a message whose fields `write` writes. */
export const message = (write: (writer: WireWriter) => void): Uint8Array => {
  const writer = new WireWriter()
  write(writer)
  return writer.finish()
}

/** Writes a field that holds bytes, a text or a message. */
export const writeBytes = (writer: WireWriter, number: number, bytes: Uint8Array): void => {
  writer.tag(number, wire.bytes)
  writer.delimited(bytes)
}

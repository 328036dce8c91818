/** A reader of MessagePack, for the binary literals that Flyte's SDK writes. */

/** What a reader can meet; maps keep keys of any type. */
export type MsgpackValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ReadonlyArray<MsgpackValue>
  | ReadonlyMap<MsgpackValue, MsgpackValue>

/** Reads one value; throws an `Error` whose message says what is wrong. */
export const decodeMsgpackUnsafe = (bytes: Uint8Array): MsgpackValue => {
  const reader = new Reader(bytes)
  const value = reader.value()
  if (reader.offset !== bytes.length) throw new Error(`${bytes.length - reader.offset} bytes follow the value`)
  return value
}

const depthMax = 100

class Reader {
  offset = 0
  private depth = 0
  private readonly bytes: Uint8Array
  private readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  value(): MsgpackValue {
    const tag = this.uint(1)
    if (tag < 0x80) return tag
    if (tag < 0x90) return this.map(tag & 0x0f)
    if (tag < 0xa0) return this.list(tag & 0x0f)
    if (tag < 0xc0) return this.text(tag & 0x1f)
    if (tag >= 0xe0) return tag - 0x100
    return this.tagged(tag)
  }

  private tagged(tag: number): MsgpackValue {
    switch (tag) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.take(this.uint(1 << (tag - 0xc4)))
      case 0xca:
        return shortestFloat32(this.at(4, (offset) => this.view.getFloat32(offset)))
      case 0xcb:
        return this.at(8, (offset) => this.view.getFloat64(offset))
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.uint(1 << (tag - 0xcc))
      case 0xcf:
        return narrow(this.at(8, (offset) => this.view.getBigUint64(offset)))
      case 0xd0:
        return this.at(1, (offset) => this.view.getInt8(offset))
      case 0xd1:
        return this.at(2, (offset) => this.view.getInt16(offset))
      case 0xd2:
        return this.at(4, (offset) => this.view.getInt32(offset))
      case 0xd3:
        return narrow(this.at(8, (offset) => this.view.getBigInt64(offset)))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.uint(1 << (tag - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.list(this.uint(tag === 0xdc ? 2 : 4))
      case 0xde:
      case 0xdf:
        return this.map(this.uint(tag === 0xde ? 2 : 4))
      default:
        throw new Error(`type 0x${tag.toString(16)} at byte ${this.offset - 1} is not supported`)
    }
  }

  private at<A>(size: number, read: (offset: number) => A): A {
    if (this.offset + size > this.bytes.length) throw new Error(`the value is cut off at byte ${this.bytes.length}`)
    const value = read(this.offset)
    this.offset += size
    return value
  }

  private uint(size: number): number {
    return this.at(size, (offset) =>
      size === 1 ? this.view.getUint8(offset) : size === 2 ? this.view.getUint16(offset) : this.view.getUint32(offset))
  }

  private take(size: number): Uint8Array {
    return this.at(size, (offset) => this.bytes.slice(offset, offset + size))
  }

  private text(size: number): string {
    return new TextDecoder().decode(this.take(size))
  }

  private nested<A>(read: () => A): A {
    if (++this.depth > depthMax) throw new Error(`the value is nested more than ${depthMax} deep`)
    const value = read()
    this.depth--
    return value
  }

  private list(size: number): ReadonlyArray<MsgpackValue> {
    return this.nested(() => {
      const items: Array<MsgpackValue> = []
      for (let index = 0; index < size; index++) items.push(this.value())
      return items
    })
  }

  private map(size: number): ReadonlyMap<MsgpackValue, MsgpackValue> {
    return this.nested(() => {
      const entries = new Map<MsgpackValue, MsgpackValue>()
      for (let index = 0; index < size; index++) {
        const key = this.value()
        entries.set(key, this.value())
      }
      return entries
    })
  }
}

const narrow = (value: bigint): number | bigint => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** A 32-bit float as the double that people would write for it: 1.1, not 1.100000023841858. */
const shortestFloat32 = (value: number): number => {
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(value.toPrecision(digits))
    if (Math.fround(candidate) === value) return candidate
  }
  return value
}

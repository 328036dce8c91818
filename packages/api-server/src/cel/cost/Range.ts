/** Sizes and costs of which only the limits are known. */

/** The least and the most that something may be. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** As much as costs and sizes are counted to; more counts as that much. */
export const countless = 2 ** 64

const capped = (value: number): number => (value >= countless ? countless : value)

/** A range of one value. */
export const exactly = (value: number): Range => ({ min: value, max: value })

/** A size of which nothing is known. */
export const anything: Range = { min: 0, max: countless }

/** No cost, no size. */
export const nothing = exactly(0)

/** Adds up ranges. */
export const sum = (...ranges: ReadonlyArray<Range>): Range =>
  ranges.reduce((total, { max, min }) => ({ min: capped(total.min + min), max: capped(total.max + max) }), nothing)

/** Multiplies ranges. */
export const product = (left: Range, right: Range): Range => ({ min: capped(left.min * right.min), max: capped(left.max * right.max) })

/** Multiplies a range by a factor and rounds up. */
export const times = ({ max, min }: Range, factor: number): Range => ({ min: capped(Math.ceil(min * factor)), max: capped(Math.ceil(max * factor)) })

/** A range that contains both. */
export const either = (left: Range, right: Range): Range => ({ min: Math.min(left.min, right.min), max: Math.max(left.max, right.max) })

/** What it costs to read one character. */
export const perCharacter = 0.1
/** What one character of a regular expression adds. */
export const perPatternCharacter = 0.25
export const listBase = 10
export const mapBase = 30
export const structBase = 40

/** Random numbers from a seed, in streams that do not disturb each other. */
import type { Random } from "effect"
import { WordHash } from "./internal/wordHash.ts"

/**
 * One stream of random numbers.
 *
 * The generator is sfc32 (Chris Doty-Humphrey's "small fast counter", 128 bits of state), which uses nothing but
 * 32-bit integer arithmetic and so gives the same numbers on every engine. Its start state is the 64-bit hash of the
 * seed and of all labels on the way to the stream.
 *
 * A fork depends on its parent's seed and labels only, never on how many numbers the parent has given. So a component
 * that draws from its own fork can draw more or less without shifting anybody else's numbers. The same label gives the
 * same stream again: give every component a label of its own.
 */
export interface SeededRandom {
  /** The next number in [0, 1), with 53 random bits. Needs no `this`. */
  readonly next: () => number
  /** The next whole number in [0, bound). */
  readonly nextBelow: (bound: number) => number
  /** The stream that belongs to `label`. */
  readonly fork: (label: string) => SeededRandom
}

/** Makes the first stream of a seed. A number and its decimal text are the same seed. */
export const make = (seed: number | string): SeededRandom => fromHash(new WordHash(), String(seed))

/** Serves Effect's `Random` from a stream. */
export const toService = (random: SeededRandom): Random.Random => ({
  nextDoubleUnsafe: random.next,
  nextIntUnsafe: () => Math.floor(random.next() * (Number.MAX_SAFE_INTEGER - Number.MIN_SAFE_INTEGER + 1)) + Number.MIN_SAFE_INTEGER
})

const fromHash = (hash: WordHash, label: string): SeededRandom => {
  hash.update(label)
  const [one, two] = hash.words()
  const next32 = sfc32(one, two)
  const next = (): number => ((next32() >>> 5) * 0x4000000 + (next32() >>> 6)) / 0x20000000000000
  return {
    next,
    nextBelow: (bound) => Math.floor(next() * bound),
    fork: (child) => fromHash(new WordHash(one, two), child)
  }
}

const sfc32 = (one: number, two: number): () => number => {
  let [a, b, c, counter] = [0, one, two, 1]
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum
  }
  // The published advice: let the seed reach all of the state before the first number is used.
  for (let round = 0; round < 15; round++) next()
  return next
}

import { Effect, Random } from "effect"
import { describe, expect, it } from "vitest"
import * as SeededRandom from "../src/SeededRandom.ts"

const take = (random: SeededRandom.SeededRandom, count: number): ReadonlyArray<number> =>
  Array.from({ length: count }, () => random.next())

describe("SeededRandom", () => {
  it("next gives the numbers that this seed has always given", () => {
    // Recorded once: a change here makes every recorded seed worthless.
    expect(take(SeededRandom.make(7), 3)).toEqual([0.7229139491024072, 0.9038215742441028, 0.4430535551203827])
    expect(SeededRandom.make(7).fork("kubelet").next()).toBe(0.5172450224394719)
  })

  it("a number and its decimal text are the same seed", () => {
    expect(take(SeededRandom.make("42"), 5)).toEqual(take(SeededRandom.make(42), 5))
  })

  it("different seeds give different numbers", () => {
    const first = new Set(Array.from({ length: 2_000 }, (_, seed) => SeededRandom.make(seed).next()))
    expect(first.size).toBe(2_000)
  })

  it("numbers lie in [0, 1) and spread evenly", () => {
    const random = SeededRandom.make("even")
    const counts = Array.from({ length: 16 }, () => 0)
    let outside = 0
    for (let index = 0; index < 160_000; index++) {
      const number = random.next()
      if (number < 0 || number >= 1) outside++
      counts[Math.floor(number * 16)]!++
    }
    expect(outside).toBe(0)
    // Chi-squared with 15 degrees of freedom: 44 is exceeded once in 10,000 honest generators.
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    expect(chiSquared).toBeLessThan(44)
  })

  it("nextBelow gives every whole number below its bound and no other", () => {
    const random = SeededRandom.make(1)
    const seen = new Set(Array.from({ length: 500 }, () => random.nextBelow(6)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5])
  })

  it("a fork does not depend on how many numbers its parent has given", () => {
    const fresh = SeededRandom.make(3)
    const used = SeededRandom.make(3)
    take(used, 1_000)
    take(used.fork("other"), 1_000)
    expect(take(used.fork("scheduler"), 5)).toEqual(take(fresh.fork("scheduler"), 5))
  })

  it("drawing from a fork does not shift its parent", () => {
    const fresh = SeededRandom.make(3)
    const forked = SeededRandom.make(3)
    take(forked.fork("scheduler"), 1_000)
    expect(take(forked, 5)).toEqual(take(fresh, 5))
  })

  it("forks with different labels or levels are different streams", () => {
    const random = SeededRandom.make(3)
    const streams = [random, random.fork("a"), random.fork("b"), random.fork("ab"), random.fork("a").fork("b"), random.fork("b").fork("a")]
    expect(new Set(streams.map((stream) => stream.next())).size).toBe(streams.length)
  })

  it("toService serves Effect's Random", () => {
    const draw = Effect.all([Random.next, Random.nextInt, Random.nextIntBetween(1, 6)])
    const run = (seed: number) => Effect.runSync(Effect.provideService(draw, Random.Random, SeededRandom.toService(SeededRandom.make(seed))))
    expect(run(5)).toEqual(run(5))
    expect(run(5)).not.toEqual(run(6))
    expect(Number.isSafeInteger(run(5)[1])).toBe(true)
  })
})

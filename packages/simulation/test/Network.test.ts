import { describe, expect, it } from "vitest"
import * as Network from "../src/Network.ts"
import * as SeededRandom from "../src/SeededRandom.ts"

const make = (seed: number): Network.Network =>
  Network.make({
    random: SeededRandom.make(seed).fork("network"),
    request: { min: 0.2, max: 20 },
    answer: { min: 0.1, max: 10 },
    event: { min: 1, max: 50 }
  })

const requests = (network: Network.Network, count: number): ReadonlyArray<Network.RequestLatency> =>
  Array.from({ length: count }, () => network.request())

describe("Network", () => {
  it("the n-th request gets the same times whatever streams are opened and read", () => {
    const busy = make(5)
    for (let index = 0; index < 3; index++) {
      const stream = busy.openStream()
      for (let event = 0; event < 10 * index; event++) stream.arrivalOf(event)
    }
    expect(requests(busy, 20)).toEqual(requests(make(5), 20))
    expect(requests(make(6), 20)).not.toEqual(requests(make(5), 20))
  })

  it("the n-th stream gets the same times however long the others are", () => {
    const long = make(5)
    const first = long.openStream()
    for (let event = 0; event < 1_000; event++) first.arrivalOf(event)
    const short = make(5)
    short.openStream()
    expect(long.openStream().arrivalOf(0)).toBe(short.openStream().arrivalOf(0))
  })

  it("times lie within their range, mostly near the least, and practically never tie", () => {
    const times = requests(make(1), 20_000)
    expect(times.every(({ there, back }) => there >= 0.2 && there <= 20 && back >= 0.1 && back <= 10)).toBe(true)
    const sorted = times.map(({ there }) => there).sort((a, b) => a - b)
    expect(sorted[10_000]).toBeLessThan(4)
    expect(sorted[19_999]).toBeGreaterThan(18)
    expect(new Set(sorted).size).toBe(sorted.length)
  })

  it("events of one stream never overtake each other", () => {
    const stream = make(3).openStream()
    let last = 0
    for (let index = 0; index < 5_000; index++) {
      const now = index * 0.5
      const arrival = stream.arrivalOf(now)
      expect(arrival).toBeGreaterThanOrEqual(last)
      expect(arrival).toBeGreaterThanOrEqual(now + 1 - 1e-9)
      last = arrival
    }
  })

  it.each([{ min: -1, max: 1 }, { min: 2, max: 1 }, { min: 0, max: Infinity }, { min: Number.NaN, max: 1 }])("refuses the range %o", (range) => {
    expect(() => Network.sequence(SeededRandom.make(1), range)).toThrow(/latencies must have 0 <= min <= max, but are min/)
  })
})

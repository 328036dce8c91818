import { Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fnv1a32 } from "../src/internal/fnv.ts"
import * as Names from "../src/Names.ts"

const long = "0123456789".repeat(28)

describe("fixedLengthUniqueId", () => {
  it.each([
    ["x", 5, "x"],
    ["xxxxx", 10, "xxxxx"],
    ["x".repeat(24), 20, "fuaa3aji"]
  ])("shortens %s for %i characters to %s", (name, limit, expected) => {
    expect(Names.fixedLengthUniqueId(name, limit)).toEqual(Result.succeed(expected))
  })

  it.each([
    ["xx", 1, "flfryc2i"],
    ["xxxxxx", 5, "fufiti6i"]
  ])("fails for %s in %i characters and offers %s", (name, limit, hashed) => {
    const error = Names.fixedLengthUniqueId(name, limit).pipe(Result.flip, Result.getOrThrow)
    expect(error).toMatchObject({ _tag: "NameLimitTooSmall", name, limit, hashed })
    expect(error.message).toBe(`no name for "${name}" fits into ${limit} characters; allow at least 8`)
  })

  it("counts bytes, as Kubernetes and Go do", () => {
    expect(Names.fixedLengthUniqueId("ééééééééé", 9)).not.toEqual(Result.succeed("ééééééééé"))
  })

  it("gives a name within every limit of at least 8", () => {
    fc.assert(fc.property(fc.string(), fc.integer({ min: 8, max: 60 }), (name, limit) => {
      const id = Result.getOrThrow(Names.fixedLengthUniqueId(name, limit))
      expect(new TextEncoder().encode(id).length).toBeLessThanOrEqual(limit)
    }))
  })
})

describe("fixedLengthUniqueIdForParts", () => {
  const parts = "x y z m n y z m n y z m n".split(" ")

  it.each([
    [["x", "y", "z"], 10, 32, "x-y-z"],
    [["x"], 2, 32, "x"],
    [["", "", "x"], 5, 32, "x"],
    [parts, 15, 32, "fe63sz6y"],
    [parts, 15, 64, "fwp4bky2kucex5"],
    [[...parts, "z", "m", "n", "y", "z", "m", "n"], 30, 128, "fbmesl15enghpjepzjm5cp1zfqe"]
  ] as const)("joins %j within %i characters by %i bits to %s", (input, limit, bits, expected) => {
    expect(Names.fixedLengthUniqueIdForParts(input, limit, bits)).toEqual(Result.succeed(expected))
  })

  it.each([
    [["x", "y"], 1, "fz2jizji"],
    [["x", "y", "z"], 4, "fxzsoqrq"]
  ])("fails for %j in %i characters and offers %s", (input, limit, hashed) => {
    expect(Result.getOrThrow(Result.flip(Names.fixedLengthUniqueIdForParts(input, limit))).hashed).toBe(hashed)
  })
})

describe("toDns1123Subdomain", () => {
  it.each([
    ["orgflyteexamplesHelloWorldTask-0", "orgflyteexamples-hello-world-task-0"],
    ["t7vyqhzju1-fib-5-0", "t7vyqhzju1-fib-5-0"],
    ["t7v.yqh.zju1-fib-5-0", "t7v.yqh.zju1-fib-5-0"],
    ["-t7vyqhzju1-fib-5-0", "t7vyqhzju1-fib-5-0"],
    [".t7vyqhzju1-fib-5-0", "t7vyqhzju1-fib-5-0"],
    ["t7vyqhzju1-fib-5-0-", "t7vyqhzju1-fib-5-0"],
    ["t7vyqhzju1-fib-5-0.", "t7vyqhzju1-fib-5-0"],
    [long.slice(0, 70), long.slice(0, 70)],
    [long, `${long.slice(0, 222)}-fbbrvh4i`],
    ["---..t7vyqhzjJcI==u1-HelloWorldTask[].-.-.", "t7vyqhzj-jc-iu1-hello-world-task"],
    ["a-.-b", "a.b"]
  ])("turns %s into %s", (name, expected) => {
    expect(Names.toDns1123Subdomain(name)).toBe(expected)
  })

  it("makes every text a valid name", () => {
    const texts = fc.oneof(fc.string({ maxLength: 400 }), fc.string({ unit: fc.constantFrom(..."aB0.-_=é"), maxLength: 400 }))
    fc.assert(fc.property(texts, (name) => {
      expect(Names.toDns1123Subdomain(name)).toSatisfy(Names.isDns1123Subdomain)
    }))
  })
})

describe("sanitizeLabelValue", () => {
  it.each([
    ["", ""],
    ["my-run.name_1", "my-run.name_1"],
    ["my_module.my task/v2", "my_module.my-task-v2"],
    ["-leading", "xleading"],
    ["trailing-", "trailingx"],
    ["täsk", "t-sk"],
    ["-", "x"],
    ["a".repeat(70), "a".repeat(63)],
    [`${"a".repeat(62)}-b`, `${"a".repeat(62)}x`]
  ])("turns %s into %s", (value, expected) => {
    expect(Names.sanitizeLabelValue(value)).toBe(expected)
  })

  it("makes every text a valid label value", () => {
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 100, unit: "grapheme" }), (value) => {
      expect(Names.sanitizeLabelValue(value)).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/)
    }))
  })
})

describe("names of runs, actions and launches", () => {
  it.each([
    ["r1", true],
    ["a".repeat(30), true],
    ["a".repeat(31), false],
    ["1r", false],
    ["r-", false],
    ["", false]
  ])("isRunName answers for %s: %s", (name, expected) => {
    expect(Names.isRunName(name)).toBe(expected)
  })

  it("generateRunName makes a valid name of 20 characters for any numbers", () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 19, maxLength: 19 }), (numbers) => {
      const rest = [...numbers]
      const name = Names.generateRunName(() => rest.shift()!)
      expect(name).toHaveLength(20)
      expect(Names.isRunName(name)).toBe(true)
    }))
  })

  it("taskActionName joins run and action, and names the root of a legacy run", () => {
    expect(Names.taskActionName("r1", "fib")).toBe("r1-fib")
    expect(Names.taskActionName("r1", "r1")).toBe("r1-a0")
  })

  it.each([
    [0, 0, "r-a0-0"],
    [1, 0, "r-a0-0"],
    [3, 0, "r-a0-2"],
    [1, 1, "r-a0-0r1"],
    [1, 2, "r-a0-0r2"]
  ])("generatedName of attempt %i, launch %i is %s", (attempt, launch, expected) => {
    expect(Names.generatedName("r-a0", attempt, launch)).toBe(expected)
  })

  it.each([
    ["per_retry_unique_key", "per_retry_unique_key"],
    ["per-retry-unique-key", "per_retry_unique_key"],
    ["33 per retry-unique-key", "aper_retry_unique_key"]
  ])("perRetryUniqueKey of %s is %s", (name, expected) => {
    expect(Names.perRetryUniqueKey(name)).toBe(expected)
  })

  it("unionMaps lets later maps win and never returns one of them", () => {
    const first = { a: "1", b: "1" }
    expect(Names.unionMaps(first, undefined, { b: "2" })).toEqual({ a: "1", b: "2" })
    expect(Names.unionMaps(first)).not.toBe(first)
  })
})

describe("fnv1a32", () => {
  it.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968]
  ])("hashes %j to %i", (text, expected) => {
    expect(fnv1a32(text)).toBe(expected)
  })
})

describe("folders of outputs", () => {
  const owner = { namespace: "ns", name: "r1-a0", actionName: "a0", attempt: 1 }

  it("shard is two characters, the same for one TaskAction and spread over all 1296", () => {
    expect(Names.shard("ns", "r1-a0")).toMatch(/^[a-z0-9]{2}$/)
    const seen = new Set(Array.from({ length: 20_000 }, (_, index) => Names.shard("ns", `r${index}-a0`)))
    expect(seen.size).toBe(1296)
  })

  it("shard counts row by row through the table", () => {
    for (const name of ["x", "r1-a0", "täsk"]) expect(Names.shard("default", name)).toBe(shardByTable(`default/${name}`))
  })

  it.each([
    ["s3://bucket/org/run/", "s3://bucket/{}/org/run/a0/1"],
    ["s3://bucket/org/run", "s3://bucket/{}/org/run/a0/1"],
    ["s3://bucket", "s3://bucket/{}/a0/1"],
    ["s3://bucket/a?b#c", "s3://bucket/{}/a?b#c/a0/1"],
    ["file:///tmp/out", "file:///tmp/out/{}/a0/1"]
  ])("outputPrefix below %s is %s", (base, expected) => {
    expect(Names.outputPrefix(base, owner)).toEqual(Result.succeed(expected.replace("{}", Names.shard("ns", "r1-a0"))))
  })

  it("outputPrefix ends with the attempt, and with the launch after the first", () => {
    const of = (attempt: number, launch: number) => Result.getOrThrow(Names.outputPrefix("s3://b", { ...owner, attempt, launch }))
    expect([of(0, 0), of(2, 0), of(2, 3)].map((it) => it.split("/").at(-1))).toEqual(["1", "2", "2r3"])
  })

  it.each(["/tmp/out", "", "bucket/key"])("outputPrefix refuses %j and says what to write", (base) => {
    const error = Result.getOrThrow(Result.flip(Names.outputPrefix(base, owner)))
    expect(error.message).toContain(`"${base}"`)
    expect(error.message).toContain("s3://bucket/folder")
  })

  it.each([
    ["s3://b/in", "s3://b/in"],
    ["s3://b/in/", "s3://b/in"],
    ["s3://b/in/inputs.pb", "s3://b/in"],
    ["file:///", "file:///"]
  ])("inputPrefix of %s is %s", (uri, expected) => {
    expect(Names.inputPrefix(uri)).toBe(expected)
  })
})

/** The definition of the table, written the slow way. */
const shardByTable = (key: string): string => {
  const characters = "abcdefghijklmnopqrstuvwxyz0123456789"
  const table = [...characters].flatMap((first) => [...characters].map((second) => first + second))
  let hash = 2166136261n
  for (const byte of new TextEncoder().encode(key)) hash = ((hash ^ BigInt(byte)) * 16777619n) % 2n ** 32n
  return table[Number(hash % 1296n)]!
}

describe("idempotencyKey", () => {
  it("is a UUID that stays, and is another one for every launch, attempt and action", () => {
    const key = Names.idempotencyKey("0b1f6d9e-5c2e-4f0c-9a51-0d6a2f6f8f11", 1, 0)
    expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Names.idempotencyKey("0b1f6d9e-5c2e-4f0c-9a51-0d6a2f6f8f11", 1, 0)).toBe(key)
    const keys = ["u", "v"].flatMap((uid) => [1, 2, 11].flatMap((attempt) => [0, 1, 10].map((launch) => Names.idempotencyKey(uid, attempt, launch))))
    expect(new Set(keys).size).toBe(keys.length)
  })
})

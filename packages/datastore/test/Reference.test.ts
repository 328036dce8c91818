import { Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Reference from "../src/Reference.ts"

describe("parse", () => {
  it.each([
    ["s3://bucket/a/b", "s3", "bucket", "a/b"],
    ["S3://bucket/a/b/", "s3", "bucket", "a/b"],
    ["s3://bucket", "s3", "bucket", ""],
    ["s3://user:secret@bucket/a", "s3", "bucket", "a"],
    ["s3://bucket/what?is#this%20", "s3", "bucket", "what?is#this%20"],
    ["abfs://container@account.dfs.core.windows.net/a", "abfs", "container", "a"],
    ["abfss://container/a", "abfss", "container", "a"],
    ["file:///tmp/x", "file", "", "tmp/x"],
    ["gs://b/..a/b..", "gs", "b", "..a/b.."]
  ])("takes %s apart", (uri, scheme, container, key) => {
    expect(Result.getOrThrow(Reference.parse(uri))).toMatchObject({ scheme, container, key })
  })

  it.each([
    ["/tmp/x", "it has no scheme"],
    ["", "it has no scheme"],
    ["bucket/key", "it has no scheme"],
    ["s3://b/a/../c", '".."'],
    ["s3://b/./c", '"."'],
    ["s3://b/a\0", "NUL"]
  ])("refuses %j", (uri, problem) => {
    expect(Result.getOrThrow(Result.flip(Reference.parse(uri)))).toContain(problem)
  })
})

describe("join", () => {
  it.each([
    ["s3://b", ["k"], "s3://b/k"],
    ["s3://b/a/", ["/k1/", "k2/", "k3"], "s3://b/a/k1/k2/k3"],
    ["s3://b/what?x#y", ["k?"], "s3://b/what?x#y/k?"],
    ["s3://b/a", ["", "k"], "s3://b/a/k"],
    ["s3://b/a", [], "s3://b/a"],
    ["file:///", ["tmp"], "file:///tmp"],
    ["file:///tmp", ["x"], "file:///tmp/x"],
    ["abfs://c@account/a", ["k"], "abfs://c@account/a/k"]
  ])("appends to %s the keys %j", (uri, keys, expected) => {
    expect(Reference.join(uri, ...keys)).toEqual(Result.succeed(expected))
  })

  it.each([["hello", ["k"]], ["s3://b/a", [".."]], ["s3://b/a", ["x/../../y"]]])("refuses %s with %j", (uri, keys) => {
    expect(Result.isFailure(Reference.join(uri, ...keys))).toBe(true)
  })

  it("adds keys one by one or all at once, and never leaves the folder", () => {
    const key = fc.string({ minLength: 1, unit: fc.constantFrom(..."ab/?#%. ") })
    fc.assert(fc.property(fc.array(key, { maxLength: 4 }), (keys) => {
      const all = Reference.join("s3://bucket/base", ...keys)
      const step = (uri: Result.Result<string, string>, it: string) => Result.flatMap(uri, (so) => Reference.join(so, it))
      const one = keys.reduce(step, Result.succeed("s3://bucket/base") as Result.Result<string, string>)
      expect(Result.isSuccess(all)).toBe(Result.isSuccess(one))
      if (Result.isSuccess(all)) expect([all.success, all.success.startsWith("s3://bucket/base")]).toEqual([Result.getOrThrow(one), true])
    }))
  })
})

describe("format and baseName", () => {
  it("format is what parse reads", () => {
    for (const uri of ["s3://b/a", "s3://b", "file:///tmp/x", "abfs://c@a/k"]) {
      expect(Reference.format(Result.getOrThrow(Reference.parse(uri)))).toBe(uri)
    }
  })

  it.each([["s3://b/a/x.gz", "x.gz"], ["s3://b/a/", "a"]])("baseName of %s is %s", (uri, expected) => {
    expect(Reference.baseName(uri)).toBe(expected)
  })
})

import { describe, expect, it } from "vitest"
import { partsOf, withoutSlashes } from "../src/Uris.ts"

describe("partsOf", () => {
  it.each([
    ["s3://bucket/a/b", { scheme: "s3", address: "bucket", path: "a/b" }],
    ["S3://bucket", { scheme: "S3", address: "bucket", path: "" }],
    ["file:///folder/file/", { scheme: "file", address: "", path: "folder/file" }],
    ["abfs://container@account//key", { scheme: "abfs", address: "container@account", path: "key" }],
    ["a+b.c-1://x/y?z#\n%", { scheme: "a+b.c-1", address: "x", path: "y?z#\n%" }]
  ])("takes %j apart", (uri, parts) => expect(partsOf(uri)).toEqual(parts))

  it.each(["", "bucket/key", "://bucket", "1s://bucket", "s 3://bucket", "/a://b"])("%j has no scheme", (uri) => expect(partsOf(uri)).toBeUndefined())
})

describe("withoutSlashes", () => {
  it.each([["", ""], ["/", ""], ["//a//b//", "a//b"], ["a", "a"]])("of %j is %j", (path, plain) => expect(withoutSlashes(path)).toBe(plain))
})

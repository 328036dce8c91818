import { describe, expect, it } from "vitest"
import { mountVariable, pathMapper } from "../../src/internal/mountPaths.ts"

const map = pathMapper([
  { from: "/data", to: "/pod/volumes/data" },
  { from: "/data/inner/", to: "/pod/volumes/inner" },
  { from: "/a.b(c)", to: "/pod/volumes/odd" },
  { from: "/same", to: "/same" },
  { from: "/", to: "/pod/volumes/root" }
])

describe("pathMapper", () => {
  it.each([
    ["/data", "/pod/volumes/data"],
    ["/data/x/y", "/pod/volumes/data/x/y"],
    ["/data/inner/x", "/pod/volumes/inner/x"],
    ["/data/inner", "/pod/volumes/inner"],
    ["--in=/data,/data/inner", "--in=/pod/volumes/data,/pod/volumes/inner"],
    ["cp '/data/x' \"/data/y\"; ls /data/*", "cp '/pod/volumes/data/x' \"/pod/volumes/data/y\"; ls /pod/volumes/data/*"],
    ["file:///data/x", "file:///pod/volumes/data/x"],
    ["PATH=/bin:/data/bin", "PATH=/bin:/pod/volumes/data/bin"],
    ["/a.b(c)/x", "/pod/volumes/odd/x"],
    ["/database", "/database"],
    ["/data-old/x", "/data-old/x"],
    ["/data.json", "/data.json"],
    ["/old/data", "/old/data"],
    ["s3://bucket/data/x", "s3://bucket/data/x"],
    ["data", "data"],
    ["/same/x", "/same/x"],
    ["/axb(c)", "/axb(c)"],
    ["/etc/passwd", "/etc/passwd"]
  ])("turns %s into %s", (text, mapped) => {
    expect(map(text)).toBe(mapped)
  })

  it("without mappings leaves every text alone", () => {
    expect(pathMapper([])("/data")).toBe("/data")
  })
})

describe("mountVariable", () => {
  it("makes a name that shells accept", () => {
    expect(mountVariable("my-volume.1")).toBe("FAIRLEAD_MOUNT_MY_VOLUME_1")
  })
})

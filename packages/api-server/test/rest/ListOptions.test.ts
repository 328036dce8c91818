import type { KubeList, Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { toBase64Url } from "../../src/internal/base64.ts"
import { makeServer } from "../makeServer.ts"

const token = (value: unknown): string => toBase64Url(JSON.stringify(value))
const badToken = (text: string): string => `400 invalid continue token: continue key is not valid: ${text}`
const badMatch = (...texts: ReadonlyArray<string>): string =>
  `422 ListOptions.meta.k8s.io "" is invalid: ${texts.length === 1 ? "" : "["}${texts.map((text) => `resourceVersionMatch: ${text}`).join(", ")}${texts.length === 1 ? "" : "]"}`
const badVersion = '500 resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'

const withMaps = () => {
  const made = makeServer()
  for (const name of ["a", "b"]) made.create(name)
  return made
}

describe("options of lists", () => {
  it.each<readonly [Readonly<Record<string, string>>, string]>([
    [{ limit: "9223372036854775808" }, '400 strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    [{ continue: "a!" }, badToken("illegal base64 data at input byte 1")],
    [{ continue: toBase64Url("x") }, badToken("invalid character 'x' looking for beginning of value")],
    [{ continue: token({ v: "v2", rv: 1, start: "a" }) }, badToken("server does not recognize this encoded version v2")],
    [{ continue: token({ v: "meta.k8s.io/v1", rv: 0, start: "a" }) }, badToken("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")],
    [{ continue: token({ v: "meta.k8s.io/v1", rv: 5, start: "" }) }, badToken("encoded start key empty (version meta.k8s.io/v1)")],
    [{ resourceVersionMatch: "Bad", resourceVersion: "0" }, badMatch('Unsupported value: "Bad": supported values: "Exact", "NotOlderThan", ""')]
  ])("%j", (query, text) => {
    const { code, body } = withMaps().call("list", { query })
    expect(`${code} ${(body as Status).message}`).toBe(text)
  })

  it("a list of one name never goes on", () => {
    const { metadata } = withMaps().call("list", { query: { fieldSelector: "metadata.name=a", limit: "1" } }).body as KubeList
    expect(metadata.continue).toBeUndefined()
  })

  it.each<readonly [Readonly<Record<string, string>>, string]>([
    [{ export: "true" }, "400 the export parameter, deprecated since v1.14, is no longer supported"],
    [{ resourceVersion: "abc" }, badVersion]
  ])("a get with %j is refused", (query, text) => {
    const { code, body } = withMaps().call("get", { name: "a", query })
    expect(`${code} ${(body as Status).message}`).toBe(text)
  })

  it.each<readonly [Readonly<Record<string, string>>, string]>([
    [{ resourceVersion: "abc" }, badVersion],
    [
      { resourceVersionMatch: "Exact" },
      badMatch("Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided", 'Unsupported value: "Exact": supported values: "NotOlderThan"')
    ]
  ])("a watch with %j is refused", (query, text) => {
    const { server } = withMaps()
    const answer = server.watch({ group: "", version: "v1", plural: "configmaps", namespace: "default", query }, { onEvents: () => undefined, onEnd: () => undefined })
    if (answer.opened) throw new Error("it was opened")
    expect(`${answer.response.code} ${(answer.response.body as Status).message}`).toBe(text)
  })

  it.each([
    ["", "persistentvolumes", '"x" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    ["certificates.k8s.io", "certificatesigningrequests", "field label not supported: x"],
    ["resource.k8s.io", "resourceslices", "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: x"]
  ])("fields of %s/%s", (group, plural, text) => {
    expect((makeServer().call("list", { group, plural, namespace: undefined, query: { fieldSelector: "x=y" } }).body as Status).message).toBe(text)
  })
})

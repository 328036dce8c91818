/** Ways to spoil a request. */
import * as fc from "fast-check"
import { stringify } from "yaml"
import { encodeWatchEvent } from "../../src/protobuf/Envelope.ts"
import type { CaseRequest } from "../conformance/conformanceCase.ts"

/** A request as bytes. */
export interface RawRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

const places = ["path", "query", "header", "method", "value", "value", "value", "key", "key", "text", "bytes", "encoding"] as const

/** One change; `step` and `at` are taken modulo what there is. */
export interface Mutation {
  readonly step: number
  readonly place: (typeof places)[number]
  readonly at: number
  readonly choice: number
  readonly noise: string
}

/** Draws changes. */
export const mutation: fc.Arbitrary<Mutation> = fc.record({
  step: fc.nat(40),
  place: fc.constantFrom(...places),
  at: fc.nat(10_000),
  choice: fc.nat(10_000),
  noise: fc.oneof(fc.string({ unit: "binary", maxLength: 12 }), fc.constantFrom("(", "in (", "a=b,", "!", "self", "x.y", "size(", "[0]", "..", "%00", "'", "\\", "1e400"))
})

const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

const values: ReadonlyArray<unknown> = [
  null, true, false, 0, -1, 1.5, 1e308, 2 ** 53 + 2, 2_147_483_648, "", "a", "\u0000", "\ud800", "x".repeat(5000), "A_b", "-", "..", "a/b/c", "50%", "1Gi", "-1",
  "999999999999Ei", "1e-99", "2026-13-45T99:99:99Z", "10.0.0.300", "::", "10.0.0.0/99", [], {}, [[]], [null], ["a", "a"], [{}, {}], { a: {} }, { $patch: "delete" }, { $patch: "replace" },
  { $patch: 3 }, { $retainKeys: ["x"] }, [{ $patch: "delete" }], [{ $patch: "replace" }, 1], { "$setElementOrder/containers": [{ name: "x" }, 1] }, { "$deleteFromPrimitiveList/finalizers": ["x", 2] },
  "self.all(x, x)", "self.x.y[3].z == oldSelf", "[1,2,3].map(i, [1,2,3].map(j, i*j)).size() > 0", "has(self.a) ? self.a.matches('(a+)+$') : true", "self.??", "''''", "1/0 == 1", "-9223372036854775808 - 1 > 0",
  "duration('1h') + timestamp('2020-01-01T00:00:00Z') > self", "{{.}}", "{.spec[?(@.a==1)]}", ".spec..replicas", nested(60), nested(1100)
]

const keys: ReadonlyArray<string> = [
  "__proto__", "constructor", "toString", "hasOwnProperty", "", "$patch", "$retainKeys", "$setElementOrder/containers", "$deleteFromPrimitiveList/args", "metadata", "name", "namespace",
  "generateName", "resourceVersion", "uid", "finalizers", "ownerReferences", "managedFields", "fieldsV1", "labels", "annotations", "spec", "status", "selector", "0", "-", "a/b", "x".repeat(400),
  "kind", "apiVersion", "items", "x-kubernetes-validations", "x-kubernetes-int-or-string", "default", "properties", "additionalProperties", "deletionTimestamp", "rule", "matchLabels"
]

const queries: ReadonlyArray<string> = [
  "watch=true", "watch", "limit", "limit=1", "limit=-5", "limit=9e9", "continue", "resourceVersion", "resourceVersion=0", "resourceVersion=-1", "resourceVersion=99999999999999999999",
  "resourceVersionMatch=Exact", "resourceVersionMatch=x", "sendInitialEvents=true", "sendInitialEvents=x", "allowWatchBookmarks=true", "timeoutSeconds=0", "timeoutSeconds=-1", "timeoutSeconds=x",
  "labelSelector", "fieldSelector", "labelSelector=a%20in%20(b,c),!d,e!%3Df", "fieldSelector=metadata.name%3Da", "fieldSelector=spec.x%21%3D%3D", "dryRun=All", "dryRun=x", "fieldManager=",
  "force=true", "force=x", "fieldValidation=Strict", "fieldValidation=x", "propagationPolicy=Foreground", "propagationPolicy=x", "gracePeriodSeconds=-1", "gracePeriodSeconds=x",
  "orphanDependents=true", "includeObject=None", "includeObject=x", "pretty=1", "timeout=1s", "timeout=x", "container=x", "tailLines=-1", "follow=true", "as=Table", "%", "%zz=1", "a=%ff", "=&=&&", "watch=1&watch=0"
]

const headers: ReadonlyArray<readonly [name: string, value: string]> = [
  ["accept", ""], ["accept", "*/*;q=x"], ["accept", "application/json;as=Table;v=v1;g=meta.k8s.io"], ["accept", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"],
  ["accept", "application/yaml"], ["accept", "application/vnd.kubernetes.protobuf"], ["accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"], ["accept", ";;;,,,"],
  ["accept", "application/json;as=Table;v=v9;g=x"], ["content-type", ""], ["content-type", "application/json;"], ["content-type", "application/yaml"], ["content-type", "application/vnd.kubernetes.protobuf"],
  ["content-type", "application/json-patch+json"], ["content-type", "application/merge-patch+json"], ["content-type", "application/strategic-merge-patch+json"], ["content-type", "application/apply-patch+yaml"],
  ["content-type", "text/plain"], ["authorization", ""], ["authorization", "Bearer"], ["authorization", "Bearer a.b.c"], ["authorization", "Bearer eyJhbGciOiJub25lIn0.e30."], ["authorization", "Basic eDp5"],
  ["impersonate-user", "system:serviceaccount:a:b"], ["impersonate-user", ""], ["impersonate-group", "x"], ["impersonate-uid", "x"], ["impersonate-extra-%zz", "x"], ["user-agent", "\u0000"], ["accept-encoding", "gzip"]
]

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "x"]

const pick = <A>(from: ReadonlyArray<A>, at: number): A => from[at % from.length]!

type Container = Record<string, unknown> | Array<unknown>

/** Every map and list inside a value. */
const containersOf = (value: unknown, found: Array<Container> = []): ReadonlyArray<Container> => {
  if (typeof value !== "object" || value === null || found.length > 2000) return found
  found.push(value as Container)
  for (const inner of Object.values(value)) containersOf(inner, found)
  return found
}

const set = (container: Container, key: string, value: unknown): void => {
  Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true })
}

const spoilBody = (body: unknown, { at, choice, noise, place }: Mutation): unknown => {
  const copy: unknown = structuredClone(body)
  const containers = containersOf(copy)
  if (containers.length === 0) return pick(values, choice)
  const container = pick(containers, at)
  const own = Object.keys(container)
  if (place === "text") {
    const texts = containers.flatMap((each) => Object.entries(each).flatMap(([key, value]) => (typeof value === "string" ? [{ each, key, value }] : [])))
    if (texts.length === 0) return pick(values, choice)
    const { each, key, value } = pick(texts, at)
    const cut = choice % (value.length + 1)
    set(each, key, value.slice(0, cut) + noise + value.slice(cut + (choice % 3)))
  } else if (place === "key") {
    if (choice % 4 === 0 && own.length > 0) delete (container as Record<string, unknown>)[pick(own, choice)]
    else if (Array.isArray(container)) container.push(structuredClone(pick(container, choice)))
    else set(container, pick(keys, choice), own.length === 0 || choice % 3 === 0 ? pick(values, choice) : structuredClone((container as Record<string, unknown>)[pick(own, choice)]))
  } else if (own.length > 0) set(container, pick(own, at + choice), pick(values, choice))
  else return pick(values, choice)
  return copy
}

const encoder = new TextEncoder()

const spoilBytes = (bytes: Uint8Array, { at, choice, noise }: Mutation): Uint8Array => {
  const cut = bytes.length === 0 ? 0 : at % bytes.length
  if (choice % 3 === 0) return bytes.slice(0, cut)
  const inserted = encoder.encode(noise)
  return Uint8Array.from([...bytes.subarray(0, cut), ...inserted, choice & 255, ...bytes.subarray(cut + (choice % 2))])
}

const spoilPath = (path: string, { at, choice, noise }: Mutation): string => {
  const [head = "", query] = path.split("?")
  const segments = head.split("/")
  const i = at % segments.length
  const strange = [noise, "", "..", "%", "%2F", "%00", "a".repeat(300), "status", "scale", "watch", "log", "eviction", "token", "exec", "*", "proxy", "namespaces", "apis", "v1"]
  if (choice % 3 === 0) segments.splice(i, 1)
  else if (choice % 3 === 1) segments.splice(i, 0, pick(strange, choice))
  else segments[i] = pick(strange, choice)
  const joined = segments.join("/")
  return `${joined.startsWith("/") ? "" : "/"}${joined}${query === undefined ? "" : `?${query}`}`
}

const encodingOf = (body: unknown, choice: number): readonly [type: string, bytes: Uint8Array] => {
  try {
    if (choice % 2 === 0) return ["application/yaml", encoder.encode(stringify(body))]
    // A protobuf message that holds another one, so that its bytes are not all strange.
    const event = encodeWatchEvent("ADDED", typeof body === "object" && body !== null ? body : {})
    return ["application/vnd.kubernetes.protobuf", event.subarray(choice % 40)]
  } catch {
    // Not everything can be written down in every form.
    return [choice % 2 === 0 ? "application/yaml" : "application/vnd.kubernetes.protobuf", encoder.encode(JSON.stringify(body))]
  }
}

/** Carries the changes out on one request. */
export const spoil = (request: CaseRequest, mutations: ReadonlyArray<Mutation>): RawRequest => {
  let { method, path } = request
  let { body } = request
  const sent: Record<string, string> = { authorization: "Bearer t", "user-agent": "fuzz", ...request.headers }
  if (body !== undefined || request.raw !== undefined) sent["content-type"] ??= "application/json"
  for (const each of mutations) {
    if (each.place === "path") path = spoilPath(path, each)
    else if (each.place === "query") path = `${path}${path.includes("?") ? "&" : "?"}${pick(queries, each.choice)}${each.at % 3 === 0 ? `=${encodeURIComponent(each.noise.toWellFormed())}` : ""}`
    else if (each.place === "method") method = pick(methods, each.choice)
    else if (each.place === "header") {
      const [name, value] = pick(headers, each.choice)
      sent[name] = value
    } else if (["value", "key", "text"].includes(each.place) && request.raw === undefined) body = spoilBody(body, each)
  }
  let bytes = request.raw !== undefined ? encoder.encode(request.raw) : body === undefined ? new Uint8Array() : encoder.encode(JSON.stringify(body))
  for (const each of mutations) {
    if (each.place === "encoding" && body !== undefined) [sent["content-type"], bytes] = encodingOf(body, each.choice) as [string, Uint8Array<ArrayBuffer>]
    if (each.place === "bytes") bytes = spoilBytes(bytes, each) as Uint8Array<ArrayBuffer>
  }
  return { method, path, headers: sent, body: bytes }
}

/** A server of S3 in memory that answers wrongly or not at all. */
import { expect, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { describe } from "vitest"
import * as DatastoreS3 from "../src/DatastoreS3.ts"
import * as S3Credentials from "../src/S3Credentials.ts"

type Handler = (request: Request, url: URL) => Promise<Response>

const credentials = S3Credentials.chain([S3Credentials.fixed("id", Redacted.make("secret"))], "set them")
const storeOn = (handler: Handler) => DatastoreS3.make({ endpoint: "http://s3.test", credentials, retryDelay: "1 millis", fetch: (request) => handler(request, new URL(request.url)) })
const refusal = (status: number, code: string): Response => new Response(`<Error><Code>${code}</Code><Message>says the test</Message></Error>`, { status })
const isOfUpload = (request: Request, url: URL, method: string): boolean => request.method === method && url.searchParams.has("uploadId")
const begins = (request: Request, url: URL): boolean => request.method === "POST" && url.searchParams.has("uploads")

/** Objects and uploads, as far as streams need them. */
const makeServer = () => {
  const objects = new Map<string, Uint8Array>()
  const uploads = new Map<string, Map<number, Uint8Array>>()
  let begun = 0
  const ofUpload = async (request: Request, url: URL, id: string): Promise<Response> => {
    const parts = uploads.get(id)
    if (parts === undefined) return refusal(404, "NoSuchUpload")
    if (request.method === "PUT") {
      parts.set(Number(url.searchParams.get("partNumber")), new Uint8Array(await request.arrayBuffer()))
      return new Response("", { headers: { etag: '"part"' } })
    }
    uploads.delete(id)
    if (request.method === "POST") objects.set(url.pathname, Buffer.concat([...parts].sort(([one], [other]) => one - other).map(([, part]) => part)))
    return new Response("<CompleteMultipartUploadResult/>")
  }
  const handler: Handler = async (request, url) => {
    const id = url.searchParams.get("uploadId")
    if (id !== null) return ofUpload(request, url, id)
    if (begins(request, url)) {
      uploads.set(String(++begun), new Map())
      return new Response(`<InitiateMultipartUploadResult><UploadId>${begun}</UploadId></InitiateMultipartUploadResult>`)
    }
    const found = objects.get(url.pathname)
    return found === undefined ? refusal(404, "NoSuchKey") : new Response(null, { headers: { "content-length": String(found.length), etag: '"parts-3"' } })
  }
  return { handler, objects, uploads }
}

const mebibyte = 1024 * 1024
const large = Stream.fromIterable(Array.from({ length: 12 }, () => new Uint8Array(mebibyte).fill(7)))

describe("a stream that is stored in parts", () => {
  it.live("is stored although the answer to its last call was lost", () => Effect.gen(function*() {
    const server = makeServer()
    let losses = 1
    const store = storeOn(async (request, url) => {
      const answer = await server.handler(request, url)
      if (isOfUpload(request, url, "POST") && losses-- > 0) throw new TypeError("connection reset")
      return answer
    })
    yield* store.writeStream("s3://bucket/key", large)
    expect(server.objects.get("/bucket/key")).toHaveLength(12 * mebibyte)
  }))

  it.live("is not taken for stored when somebody else took its upload away, whatever lies there", () => Effect.gen(function*() {
    for (const there of [undefined, new Uint8Array(5)]) {
      const server = makeServer()
      if (there !== undefined) server.objects.set("/bucket/key", there)
      const store = storeOn((request, url) => {
        if (isOfUpload(request, url, "POST")) server.uploads.clear()
        return server.handler(request, url)
      })
      const error = yield* Effect.flip(store.writeStream("s3://bucket/key", large))
      expect(error.message).toContain(there === undefined ? "NotFound" : "NoSuchUpload")
    }
  }))

  it.live("begins once more when the first answer is none of the server's", () => Effect.gen(function*() {
    const server = makeServer()
    let others = 1
    const store = storeOn(async (request, url) => begins(request, url) && others-- > 0 ? new Response("<html>log in first</html>") : server.handler(request, url))
    yield* store.writeStream("s3://bucket/key", large)
    expect(server.objects.get("/bucket/key")).toHaveLength(12 * mebibyte)
  }))
})

describe("a list", () => {
  const page = (rest: string): string => `<ListBucketResult><Contents><Key>folder/a</Key><Size>1</Size></Contents>${rest}</ListBucketResult>`

  it.live.each([
    ["that is none", "<html>log in first</html>", "Unavailable"],
    ["that has more and does not say how to go on", page("<IsTruncated>true</IsTruncated>"), "Unsupported"],
    ["that begins again and again", page("<IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken>"), "Unsupported"]
  ])("%s is an error, and not the end of the list", ([, text, tag]) => Effect.gen(function*() {
    const error = yield* Effect.flip(storeOn(async () => new Response(text)).list("s3://bucket/folder"))
    expect(error.reason._tag).toBe(tag)
  }))
})

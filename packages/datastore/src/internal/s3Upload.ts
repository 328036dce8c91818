/** Objects that come piece by piece. */
import { Effect, Stream } from "effect"
import type { DatastoreError } from "../Datastore.ts"
import type { Reference } from "../Reference.ts"
import { concat } from "./bytes.ts"
import { Parts } from "./parts.ts"
import { checksum, drained, uploadIdOf, withoutError } from "./s3Answers.ts"
import { type S3Call, type S3Place, send } from "./s3Client.ts"
import { encode } from "./xml.ts"

/** How a stream is cut. */
export interface UploadOptions {
  readonly partSize?: number | undefined
  readonly partsAtOnce?: number | undefined
}

/** One object that comes piece by piece: in one request when it is small, else in parts that become visible together. */
export class Upload {
  #id: string | undefined
  readonly #done: Array<{ readonly number: number; readonly tag: string; readonly checksum: string; readonly length: number }> = []
  readonly #place: S3Place
  readonly #uri: string
  readonly #at: Reference
  readonly #parts: Parts
  readonly #atOnce: number

  constructor(place: S3Place, uri: string, at: Reference, { partSize = 5 * 1024 * 1024, partsAtOnce = 2 }: UploadOptions) {
    this.#place = place
    this.#uri = uri
    this.#at = at
    this.#parts = new Parts(Math.max(partSize, 5 * 1024 * 1024))
    this.#atOnce = partsAtOnce
  }

  /** Stores the stream; `putWhole` stores what is too small for parts. When the stream fails or is cut off, nothing is left. */
  carryOut<E, R>(bytes: Stream.Stream<Uint8Array, E, R>, putWhole: (bytes: Uint8Array) => Effect.Effect<void, DatastoreError>): Effect.Effect<void, DatastoreError | E, R> {
    // Several parts may want to be the first.
    return Effect.flatMap(Effect.cached(this.#begin()), (opened) => this.#sendAll(opened, bytes, putWhole)).pipe(Effect.onError(() => this.#abort()))
  }

  #sendAll<E, R>(opened: Effect.Effect<string, DatastoreError>, bytes: Stream.Stream<Uint8Array, E, R>, putWhole: (bytes: Uint8Array) => Effect.Effect<void, DatastoreError>) {
    let count = 0
    const numbered = Stream.flatMap(bytes, (piece) => Stream.fromIterable(this.#parts.push(piece).map((part) => ({ part, number: ++count }))))
    const sent = numbered.pipe(
      Stream.mapEffect(({ number, part }) => this.#send(opened, number, part), { concurrency: this.#atOnce }),
      Stream.runDrain
    )
    const end = Effect.suspend(() => {
      const rest = this.#parts.rest()
      if (count === 0) return putWhole(rest)
      return Effect.andThen(rest.length === 0 ? Effect.void : this.#send(opened, count + 1, rest), this.#complete())
    })
    return Effect.andThen(sent, end)
  }

  #call(method: S3Call["method"], more: Partial<S3Call>): S3Call {
    return { method, of: "writeStream", uri: this.#uri, at: this.#at, ...more }
  }

  #begin() {
    const headers = { "content-type": "application/octet-stream", "x-amz-checksum-algorithm": "SHA256" }
    return Effect.map(send(this.#place, this.#call("POST", { query: { uploads: "" }, headers }), uploadIdOf), (id) => (this.#id = id))
  }

  #send(opened: Effect.Effect<string, DatastoreError>, number: number, part: Uint8Array) {
    return Effect.gen({ self: this }, function*() {
      const id = yield* opened
      const sum = yield* Effect.promise(() => checksum(part))
      const call = this.#call("PUT", { query: { partNumber: String(number), uploadId: id }, headers: { "x-amz-checksum-sha256": sum }, body: part })
      const tag = yield* send(this.#place, call, async (response) => {
        await response.arrayBuffer()
        return response.headers.get("etag") ?? ""
      })
      this.#parts.release(part)
      this.#done.push({ number, tag, checksum: sum, length: part.length })
    })
  }

  #complete() {
    return Effect.suspend(() => this.#completeNow())
  }

  #completeNow() {
    const done = [...this.#done].sort((left, right) => left.number - right.number)
    const parts = done.map(({ checksum: sum, number, tag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${encode(tag)}</ETag><ChecksumSHA256>${sum}</ChecksumSHA256></Part>`)
    const body = new TextEncoder().encode(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</CompleteMultipartUpload>`)
    const complete = send(this.#place, this.#call("POST", { query: { uploadId: this.#id ?? "" }, body }), withoutError)
    // The upload is gone: an earlier call was carried out, and its answer got lost. Or somebody took the upload away.
    return Effect.catchIf(complete, isUploadGone, (error) => Effect.flatMap(this.#isStored(done), (isStored) => (isStored ? Effect.void : Effect.fail(error))))
  }

  /** Whether the object is what these parts make: by its checksum where the server keeps one, else by its size and the number of its parts. */
  #isStored(done: ReadonlyArray<{ readonly checksum: string; readonly length: number }>) {
    const size = done.reduce((sum, it) => sum + it.length, 0)
    return Effect.gen({ self: this }, function*() {
      const sums = concat(done.map((it) => Uint8Array.from(atob(it.checksum), (digit) => digit.charCodeAt(0))))
      const sum = `${yield* Effect.promise(() => checksum(sums))}-${done.length}`
      return yield* send(this.#place, this.#call("HEAD", { headers: { "x-amz-checksum-mode": "ENABLED" } }), async ({ headers }) => {
        const stored = headers.get("x-amz-checksum-sha256")
        if (stored !== null) return stored === sum
        return Number(headers.get("content-length")) === size && (headers.get("etag") ?? "").endsWith(`-${done.length}"`)
      })
    })
  }

  #abort() {
    return this.#id === undefined ? Effect.void : Effect.ignore(send(this.#place, this.#call("DELETE", { query: { uploadId: this.#id } }), drained))
  }
}

const isUploadGone = ({ reason }: DatastoreError): boolean => "description" in reason && reason.description.includes("NoSuchUpload")

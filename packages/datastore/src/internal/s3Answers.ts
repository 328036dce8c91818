/** What is taken from answers of S3, and what is wrong with some of them. */
import type { DatastoreReason } from "../Datastore.ts"
import { valueOf } from "./xml.ts"

/** Reads an answer to its end, so that its connection can be used again. */
export const drained = async (response: Response): Promise<void> => void (await response.arrayBuffer())

/** A copy that failed on its way is told of in an answer that began well. */
export const withoutError = async (response: Response): Promise<void> => {
  const text = await response.text()
  if (!text.includes("<Error>")) return
  const reason: DatastoreReason = { _tag: "Unavailable", description: `${valueOf(text, "Code") ?? ""} ${valueOf(text, "Message") ?? ""}`.trim() }
  throw reason
}

const refuse = (reason: DatastoreReason): never => {
  throw reason
}

/** The id of an upload that was begun. */
export const uploadIdOf = async (response: Response): Promise<string> =>
  valueOf(await response.text(), "UploadId") || refuse({ _tag: "Unavailable", description: "the answer names no upload" })

/** A page of a list, and the token of the next one. What is no list, or cannot be gone on with, must not pass for the end of one. */
export const pageOf = async (response: Response, token: string): Promise<{ readonly text: string; readonly next: string | undefined }> => {
  const text = await response.text()
  if (!text.includes("<ListBucketResult")) return refuse({ _tag: "Unavailable", description: "the answer is no list of objects" })
  if (valueOf(text, "IsTruncated") !== "true") return { text, next: undefined }
  const next = valueOf(text, "NextContinuationToken")
  if (!next || next === token) return refuse({ _tag: "Unsupported", description: "the server says that there is more to list, and not how to go on" })
  return { text, next }
}

/** The size is known before the first byte of the object comes. */
export const takeWhole = async (response: Response, maxBytes: number): Promise<Uint8Array> => {
  const announced = response.headers.get("content-length")
  const size = announced === null ? undefined : Number(announced)
  if (size !== undefined && maxBytes > 0 && size > maxBytes) {
    await response.body?.cancel()
    return refuse({ _tag: "LimitExceeded", size, limit: maxBytes })
  }
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (size !== undefined && bytes.length !== size) return refuse({ _tag: "Unavailable", description: `${bytes.length} of ${size} bytes came` })
  if (maxBytes > 0 && bytes.length > maxBytes) return refuse({ _tag: "LimitExceeded", size: bytes.length, limit: maxBytes })
  const stored = response.headers.get("x-amz-checksum-sha256")
  // The checksum of an object in parts is one of checksums, with their number behind a dash.
  const isWhole = stored !== null && !stored.includes("-")
  return isWhole && stored !== (await checksum(bytes)) ? refuse({ _tag: "Unavailable", description: "what came has another checksum than what is stored" }) : bytes
}

/** SHA-256 as S3 writes it: base64. */
export const checksum = async (bytes: Uint8Array): Promise<string> => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>))
  return btoa(String.fromCharCode(...digest))
}

/** Requests and responses of the HTTP face, independent of who carries the bytes. */

/** What came in. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string
  /** The path as it was sent, still percent-encoded. */
  readonly path: string
  /** The query without its question mark. */
  readonly query: string
  /** Value of a header by its lower-case name; several are joined by `, `. */
  readonly header: (name: string) => string | undefined
  /** Names of all headers, in lower case. */
  readonly headerNames: () => ReadonlyArray<string>
  /** The whole body; empty if there is none. */
  readonly body: Uint8Array
}

/** Takes the pieces of an answer that has no end yet. */
export interface StreamSink {
  readonly write: (piece: string | Uint8Array) => void
  readonly end: () => void
  /** Bytes that were written and not taken yet: how far the client is behind. */
  readonly waiting: () => number
}

/** An answer that goes on: opened once, closed when the client goes away. */
export type HttpStream = (sink: StreamSink) => () => void

/** What goes out. */
export interface HttpResponse {
  readonly status: number
  /** Names as they are written; a list stands for several headers of one name. */
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> }
  readonly body: string | Uint8Array | HttpStream
}

/** A plain text answer. */
export const textResponse = (status: number, text: string): HttpResponse => ({
  status,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: text
})

/** What unknown paths get. */
export const pageNotFound = (): HttpResponse => ({
  status: 404,
  headers: { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" },
  body: "404 page not found\n"
})

/** Serves a server over Node's `http` and, with a certificate, over `http2` with HTTP/1.1 for those who ask for it. */
import { Data, Effect, type Scope } from "effect"
import * as Http from "node:http"
import * as Http2 from "node:http2"
import type { AddressInfo, Server, Socket } from "node:net"
import type { Writable } from "node:stream"
import type { ApiServer } from "./ApiServer.ts"
import { bodyBytesMax, respond } from "./http/Face.ts"
import type { HttpRequest, HttpResponse, HttpStream } from "./http/HttpMessage.ts"

/** The port could not be opened. */
export class ListenError extends Data.TaggedError("ListenError")<{ readonly host: string; readonly port: number; readonly cause: Error }> {
  get retryable(): boolean {
    return true
  }

  override get message(): string {
    return `cannot listen on ${this.host}:${this.port}: ${this.cause.message}; choose another port, or 0 for any`
  }
}

/** What to serve and where. */
export interface ListenOptions {
  readonly server: ApiServer
  /** `127.0.0.1` if not given. */
  readonly host?: string | undefined
  /** 0, or nothing, for any free port. */
  readonly port?: number | undefined
  /** Certificate and key in PEM; without them the server speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

/** A server that takes connections. */
export interface Listening {
  readonly url: string
  readonly host: string
  readonly port: number
}

/** Opens the port for as long as the scope lives; closing it ends open watches and waits for running requests. */
export const listen = (options: ListenOptions): Effect.Effect<Listening, ListenError, Scope.Scope> =>
  Effect.acquireRelease(open(options), ({ close }) => Effect.promise(close)).pipe(Effect.map(({ listening }) => listening))

interface Opened {
  readonly listening: Listening
  readonly close: () => Promise<void>
}

const open = ({ server, host = "127.0.0.1", port = 0, tls }: ListenOptions): Effect.Effect<Opened, ListenError> =>
  Effect.callback((resume) => {
    const running = new Running()
    const onRequest = (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
      running.add(response)
      readAll(request, (body) => serve(server, fromNode(request, body), response, running.closing.signal))
    }
    const node = serverFor(tls, onRequest)
    node.on("connection", (socket: Socket) => {
      socket.setNoDelay(true)
      running.addSocket(socket)
    })
    node.once("error", (cause) => resume(Effect.fail(new ListenError({ host, port, cause }))))
    node.listen(port, host, () => {
      const bound = (node.address() as AddressInfo).port
      const url = `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${bound}`
      resume(Effect.succeed({ listening: { url, host, port: bound }, close: () => running.close(node) }))
    })
  })

/** Go clients prefer HTTP/2, and behave differently over it: kubectl tells a watch that it ended itself from one that broke. */
const serverFor = (tls: ListenOptions["tls"], onRequest: (request: Http.IncomingMessage, response: Http.ServerResponse) => void): Server => {
  if (tls === undefined) {
    const node = Http.createServer(onRequest)
    node.keepAliveTimeout = 90_000
    return node
  }
  const options = { cert: tls.cert, key: tls.key, allowHTTP1: true, settings: { maxConcurrentStreams, initialWindowSize } }
  // Node gives requests of both protocols the same form.
  return Http2.createSecureServer(options, onRequest as unknown as (request: Http2.Http2ServerRequest, response: Http2.Http2ServerResponse) => void)
}

/** As kube-apiserver announces; a client with more requests at once opens another connection. */
const maxConcurrentStreams = 100

/** Bytes of a body that may come before the first acknowledgement: enough for nearly every object at once. */
const initialWindowSize = 256 * 1024

/** What is open, so that closing waits for requests and for nothing else. */
class Running {
  readonly closing = new AbortController()
  readonly #sockets = new Set<Socket>()
  #requests = 0
  #onIdle = (): void => undefined

  /** Counts a request until its answer is out or nobody waits for it any more. */
  add(response: Http.ServerResponse): void {
    this.#requests++
    response.on("close", this.#closed)
  }

  readonly #closed = (): void => {
    this.#requests--
    if (this.#requests === 0) this.#onIdle()
  }

  addSocket(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once("close", () => this.#sockets.delete(socket))
  }

  async close(node: Server): Promise<void> {
    this.closing.abort()
    const closed = new Promise<void>((done) => void node.close(() => done()))
    if (this.#requests > 0) await new Promise<void>((done) => void (this.#onIdle = done))
    for (const socket of this.#sockets) socket.destroySoon()
    await closed
  }
}

/** Answers one request, at once where nobody outside the server has to be asked. */
const serve = (server: ApiServer, request: HttpRequest, response: Http.ServerResponse, closing: AbortSignal): void => {
  if (response.destroyed) return
  const answer = (answered: HttpResponse): void => {
    if (response.destroyed) return
    try {
      send(response, answered, closing)
    } catch (error) {
      if (!response.headersSent) response.writeHead(500, { "Content-Type": "text/plain" })
      response.end(error instanceof Error ? error.message : String(error))
    }
  }
  const answered = respond(server, request)
  if (answered instanceof Promise) void answered.then(answer)
  else answer(answered)
}

const nothing = Promise.resolve(new Uint8Array())

/**
 * Gives `take` the body, up to a little more than the face accepts; never, if the client goes away before it is complete. Listeners cost half of what
 * an iterator over the stream does.
 */
const readAll = (request: Http.IncomingMessage, take: (body: Uint8Array) => void): void => {
  const announced = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined
  // HTTP/2 needs no announcement. What else came with the head is parsed first: bytes that were not announced make the request a bad one.
  if (!announced && request.httpVersionMajor < 2) return void nothing.then(take)
  const pieces: Array<Buffer> = []
  let size = 0
  request.on("data", (piece: Buffer) => {
    size += piece.length
    if (size <= bodyBytesMax + 1) pieces.push(piece)
  })
  request.on("end", () => take(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)))
  // The answer is closed along with it, which is all that there is to do.
  request.on("error", ignore)
}

const ignore = (): void => undefined

const fromNode = (request: Http.IncomingMessage, body: Uint8Array): HttpRequest => {
  const url = request.url ?? "/"
  const question = url.indexOf("?")
  return {
    method: request.method ?? "GET",
    path: question < 0 ? url : url.slice(0, question),
    query: question < 0 ? "" : url.slice(question + 1),
    header: (name) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value.join(", ") : value
    },
    headerNames: () => Object.keys(request.headers).filter((name) => !name.startsWith(":")),
    body
  }
}

const send = (response: Http.ServerResponse, { status, headers, body }: HttpResponse, closing: AbortSignal): void => {
  if (typeof body === "function") return stream(response, { status, headers, body }, closing)
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength
  response.writeHead(status, { ...headers, ...(status === 204 ? {} : { "Content-Length": length }) } as Http.OutgoingHttpHeaders)
  response.end(body)
}

const stream = (response: Http.ServerResponse, { status, headers, body }: HttpResponse & { readonly body: HttpStream }, closing: AbortSignal): void => {
  response.writeHead(status, headers as Http.OutgoingHttpHeaders)
  response.flushHeaders()
  const outgoing: Writable = "stream" in response ? (response.stream as Http2.ServerHttp2Stream) : response
  const close = body({
    write: (piece) => void outgoing.write(piece),
    end: () => void outgoing.end(),
    waiting: () => outgoing.writableLength
  })
  const stop = (): void => {
    close()
    outgoing.end()
  }
  closing.addEventListener("abort", stop)
  response.once("close", () => {
    closing.removeEventListener("abort", stop)
    close()
  })
}

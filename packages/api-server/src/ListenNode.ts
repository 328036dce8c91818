/** Serves a server over Node's `http` and `https`. */
import { Data, Effect, type Scope } from "effect"
import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo, Socket } from "node:net"
import type { ApiServer } from "./ApiServer.ts"
import { bodyBytesMax, respond } from "./http/Face.ts"
import type { HttpRequest, HttpResponse } from "./http/HttpMessage.ts"

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
    const closing = new AbortController()
    const onRequest = (request: Http.IncomingMessage, response: Http.ServerResponse): void => void serve(server, request, response, closing.signal)
    const node: Http.Server = tls === undefined ? Http.createServer(onRequest) : Https.createServer({ cert: tls.cert, key: tls.key }, onRequest)
    node.keepAliveTimeout = 90_000
    node.on("connection", (socket: Socket) => {
      socket.setNoDelay(true)
    })
    node.once("error", (cause) => resume(Effect.fail(new ListenError({ host, port, cause }))))
    node.listen(port, host, () => {
      const bound = (node.address() as AddressInfo).port
      const url = `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${bound}`
      resume(Effect.succeed({
        listening: { url, host, port: bound },
        close: () =>
          new Promise((done) => {
            closing.abort()
            node.close(() => done())
            node.closeIdleConnections()
          })
      }))
    })
  })

const serve = async (server: ApiServer, request: Http.IncomingMessage, response: Http.ServerResponse, closing: AbortSignal): Promise<void> => {
  try {
    const body = await readAll(request)
    if (response.destroyed) return
    send(response, await respond(server, fromNode(request, body)), closing)
  } catch (error) {
    if (!response.headersSent) response.writeHead(500, { "Content-Type": "text/plain" })
    response.end(error instanceof Error ? error.message : String(error))
  }
}

const empty = new Uint8Array()

/** The body, up to a little more than the face accepts. */
const readAll = async (request: Http.IncomingMessage): Promise<Uint8Array> => {
  if (request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined) return empty
  const pieces: Array<Buffer> = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size <= bodyBytesMax + 1) pieces.push(piece)
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

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
    headerNames: () => Object.keys(request.headers),
    body
  }
}

const send = (response: Http.ServerResponse, { status, headers, body }: HttpResponse, closing: AbortSignal): void => {
  if (typeof body === "function") {
    response.writeHead(status, headers as Http.OutgoingHttpHeaders)
    response.flushHeaders()
    const close = body({ write: (piece) => void response.write(piece), end: () => void response.end() })
    const stop = (): void => {
      close()
      response.end()
    }
    closing.addEventListener("abort", stop)
    response.on("close", () => {
      closing.removeEventListener("abort", stop)
      close()
    })
    return
  }
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength
  response.writeHead(status, { ...headers, ...(status === 204 ? {} : { "Content-Length": length }) } as Http.OutgoingHttpHeaders)
  response.end(body)
}

/** Serves a request handler over Node's `http`. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { Data, Effect, type Scope } from "effect"
import type { RequestHandler } from "./ExecutorHttp.ts"
import { HttpRefusal, refusalResponse } from "./internal/httpAnswers.ts"

/** The port could not be opened. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{ readonly host: string; readonly port: number; readonly cause: Error }> {
  override get message(): string {
    return `cannot listen on ${this.host}:${this.port}: ${this.cause.message}; choose another port, or 0 for any`
  }
}

/** Opens the port for as long as the scope lives; closing it ends open streams. Answers the address. */
export const listen = (handler: RequestHandler, options: { readonly host?: string; readonly port?: number } = {}): Effect.Effect<{ readonly url: string; readonly port: number }, ListenFailed, Scope.Scope> => {
  const { host = "127.0.0.1", port = 0 } = options
  const open = Effect.callback<{ readonly url: string; readonly port: number; readonly close: () => void }, ListenFailed>((resume) => {
    const server = createServer((request, response) => void serve(handler, request, response))
    server.once("error", (cause) => resume(Effect.fail(new ListenFailed({ host, port, cause }))))
    const listening = (): void => {
      const bound = (server.address() as AddressInfo).port
      const close = (): void => {
        server.close()
        server.closeAllConnections()
      }
      resume(Effect.succeed({ url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`, port: bound, close }))
    }
    try {
      server.listen(port, host, listening)
    } catch (cause) {
      // A number that no port can have.
      resume(Effect.fail(new ListenFailed({ host, port, cause: cause as Error })))
    }
  })
  return Effect.map(Effect.acquireRelease(open, ({ close }) => Effect.sync(close)), ({ port, url }) => ({ port, url }))
}

const serve = async (handler: RequestHandler, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const aborted = new AbortController()
  response.on("close", () => aborted.abort())
  const read = requestOf(request, aborted.signal)
  const answer = read instanceof Request ? await handler(read) : read
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.flushHeaders()
  if (answer.body === null) return void response.end()
  const reader = answer.body.getReader()
  response.on("close", () => void reader.cancel().catch(() => undefined))
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true as const, value: undefined }))
    if (done || response.destroyed) return void response.end()
    if (!response.write(value)) await new Promise<void>((resume) => response.once("drain", resume).once("close", resume))
  }
}

/** What cannot be a request (TRACE, a host that is no host) is refused here: nothing that a stranger sends may end the process. */
const requestOf = (request: IncomingMessage, signal: AbortSignal): Request | Response => {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value)
  const hasBody = request.method !== "GET" && request.method !== "HEAD"
  const init = { method: request.method ?? "GET", headers, signal, ...(hasBody ? { body: Readable.toWeb(request) as ReadableStream, duplex: "half" } : {}) }
  try {
    return new Request(`http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`, init as RequestInit)
  } catch (error) {
    return refusalResponse(new HttpRefusal(400, "BadRequest", `the request cannot be read: ${(error as Error).message}`))
  }
}

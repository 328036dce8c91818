/** Serves a server over `(Request) => Promise<Response>`, the form that every JavaScript runtime understands. */
import type { ApiServer } from "./ApiServer.ts"
import { respond } from "./http/Face.ts"
import type { HttpRequest, HttpResponse, HttpStream } from "./http/HttpMessage.ts"

/** Makes the function to hand to `Deno.serve`, a worker, msw, or a client in the same process. */
export const fetchHandler = (server: ApiServer): ((request: Request) => Promise<Response>) => async (request) =>
  toResponse(await respond(server, await fromRequest(request)), request.signal)

const empty = new Uint8Array()

const fromRequest = async (request: Request): Promise<HttpRequest> => {
  const url = request.url
  const pathStart = url.indexOf("/", url.indexOf("//") + 2)
  const queryStart = url.indexOf("?", pathStart)
  return {
    method: request.method,
    path: pathStart < 0 ? "/" : queryStart < 0 ? url.slice(pathStart) : url.slice(pathStart, queryStart),
    query: queryStart < 0 ? "" : url.slice(queryStart + 1),
    header: (name) => request.headers.get(name) ?? undefined,
    headerNames: () => [...request.headers.keys()],
    body: request.body === null ? empty : new Uint8Array(await request.arrayBuffer())
  }
}

const toResponse = ({ status, headers, body }: HttpResponse, signal: AbortSignal): Response => {
  const out = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") out.set(name, value)
    else for (const one of value) out.append(name, one)
  }
  if (typeof body === "function") return new Response(streamOf(body, signal), { status, headers: out })
  return new Response(status === 204 || body.length === 0 ? null : (body as string), { status, headers: out })
}

const encoder = new TextEncoder()

const streamOf = (open: HttpStream, signal: AbortSignal): ReadableStream<Uint8Array> => {
  let close = (): void => undefined
  let done = false
  return new ReadableStream({
    start: (controller) => {
      const finish = (): void => {
        if (done) return
        done = true
        controller.close()
      }
      signal.addEventListener("abort", () => {
        close()
        finish()
      })
      close = open({
        write: (piece) => {
          if (!done) controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece)
        },
        end: finish,
        waiting: () => -(controller.desiredSize ?? 0)
      })
    },
    cancel: () => {
      done = true
      close()
    }
  }, { highWaterMark: 0, size: (piece) => piece.byteLength })
}

/** A fetch over sockets that knows what is under way, so that virtual time can wait for it. */
import * as Http from "node:http"
import { Readable } from "node:stream"

/** Requests to one server. */
export interface HttpClient {
  readonly fetch: (request: Request) => Promise<Response>
  /** Waits until every answer has arrived and every event that the server wrote to an open watch has been read. */
  readonly settle: () => Promise<void>
  readonly close: () => void
}

const turn = (): Promise<void> => new Promise((done) => setImmediate(done))

const toResponse = (incoming: Http.IncomingMessage): Response => {
  const headers = new Headers()
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) headers.append(incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!)
  const status = incoming.statusCode!
  if (status !== 204) return new Response(Readable.toWeb(incoming) as ReadableStream<Uint8Array>, { status, headers })
  incoming.resume()
  return new Response(null, { status, headers })
}

/** Connects to a server that speaks plain HTTP. */
export const connect = (base: string): HttpClient => {
  const agent = new Http.Agent({ keepAlive: true })
  let answersDue = 0
  let streams = 0

  const send = (method: string, path: string, headers: Http.OutgoingHttpHeaders, body: Uint8Array | undefined, signal?: AbortSignal) =>
    new Promise<Http.IncomingMessage>((done, failed) => {
      const request = Http.request(new URL(path, base), { method, agent, headers, ...(signal === undefined ? {} : { signal }) }, done)
      request.on("error", failed).end(body)
    })

  const fetch = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url)
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
    const headers = { ...Object.fromEntries(request.headers), ...(body === undefined ? {} : { "content-length": body.byteLength }) }
    answersDue++
    let answered = false
    const answer = (): void => {
      if (!answered) answersDue--
      answered = true
    }
    try {
      const incoming = await send(request.method, `${pathname}${search}`, headers, body, request.signal)
      // An answer without a length is a watch: it ends when the server says so.
      if (incoming.headers["content-length"] === undefined && incoming.statusCode !== 204) {
        answer()
        streams++
        incoming.once("close", () => streams--)
      } else incoming.once("close", answer)
      return toResponse(incoming)
    } catch (error) {
      answer()
      throw error
    }
  }

  const settle = async (): Promise<void> => {
    do await turn()
    while (answersDue > 0)
    if (streams === 0) return
    // What was written to the watches before arrives no later than the answer to this.
    const incoming = await send("GET", "/version", {}, undefined)
    await new Promise((done) => void incoming.resume().once("end", done))
    await turn()
  }

  return { fetch, settle, close: () => agent.destroy() }
}

/** `fetch` over Node's own `http` and `https`: connections that are kept, a CA and certificates that may change, bodies that stream. */
import { Effect, type Scope } from "effect"
import * as Http from "node:http"
import * as Https from "node:https"
import { Readable } from "node:stream"
import type { TlsMaterial } from "./ClusterAccess.ts"

/** How to make one. */
export interface FetchNodeOptions {
  /** Read before the first request and again when it is older than `tlsAgeMax`; new material gets new connections. */
  readonly tls?: (() => Promise<TlsMaterial>) | undefined
  /** Milliseconds; one minute if left out. */
  readonly tlsAgeMax?: number | undefined
}

/** Carries requests out. */
export type FetchNode = (request: Request) => Promise<Response>

/** Idle connections are closed a little before load balancers drop them without a word. */
const idleMillis = 50_000

/** Connections live as long as the scope. */
export const make = (options: FetchNodeOptions = {}): Effect.Effect<FetchNode, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(Effect.sync(() => new Connections(options)), (connections) => Effect.sync(() => connections.close())),
    (connections) => async (request) => exchange(request, await connections.agentFor(request.url))
  )

class Connections {
  readonly #options: FetchNodeOptions
  readonly #plain = new Http.Agent({ keepAlive: true, timeout: idleMillis })
  #secure: { readonly agent: Https.Agent; readonly key: string } | undefined
  #reading: { readonly at: number; readonly agent: Promise<Https.Agent> } | undefined

  constructor(options: FetchNodeOptions) {
    this.#options = options
  }

  async agentFor(url: string): Promise<Http.Agent> {
    if (!url.startsWith("https:")) return this.#plain
    const now = performance.now()
    if (this.#reading === undefined || now - this.#reading.at > (this.#options.tlsAgeMax ?? 60_000)) {
      const reading = { at: now, agent: this.#read() }
      this.#reading = reading
      reading.agent.catch(() => {
        if (this.#reading === reading) this.#reading = undefined
      })
    }
    return await this.#reading.agent
  }

  async #read(): Promise<Https.Agent> {
    const material = (await this.#options.tls?.()) ?? {}
    const key = JSON.stringify(material)
    if (this.#secure?.key === key) return this.#secure.agent
    const old = this.#secure?.agent
    const { ca, cert, insecure, key: privateKey, serverName } = material
    const agent = new Https.Agent({
      keepAlive: true,
      timeout: idleMillis,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(privateKey === undefined ? {} : { key: privateKey }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(insecure === true ? { rejectUnauthorized: false } : {})
    })
    this.#secure = { agent, key }
    // Requests under way, watches above all, end on the connections that they have.
    for (const sockets of Object.values(old?.freeSockets ?? {})) sockets?.forEach((socket) => socket.destroy())
    return agent
  }

  close(): void {
    this.#plain.destroy()
    this.#secure?.agent.destroy()
  }
}

/** The body of a request is sent as one piece, with its length; that of the answer streams. */
const exchange = async (request: Request, agent: Http.Agent): Promise<Response> => {
  request.signal.throwIfAborted()
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer())
  const headers: Record<string, string> = {}
  request.headers.forEach((value, name) => {
    headers[name] = value
  })
  if (body !== undefined) headers["content-length"] = String(body.byteLength)
  const send = request.url.startsWith("https:") ? Https.request : Http.request
  return await new Promise<Response>((resolve, reject) => {
    const outgoing = send(request.url, { method: request.method, headers, agent, signal: request.signal }, (incoming) => {
      const status = incoming.statusCode ?? 0
      if (status < 200) return reject(new Error(`the server answered with the status ${status}`))
      resolve(new Response(bodyOf(incoming, request.method, status), { status, statusText: incoming.statusMessage ?? "", headers: headersOf(incoming) }))
    })
    // A watch may be silent for minutes: only connections that are not in use may time out.
    outgoing.setTimeout(0)
    outgoing.once("socket", (socket) => socket.setNoDelay(true).setKeepAlive(true, 30_000))
    outgoing.once("error", reject)
    outgoing.end(body)
  })
}

const headersOf = (incoming: Http.IncomingMessage): Headers => {
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  return headers
}

const bodyOf = (incoming: Http.IncomingMessage, method: string, status: number): ReadableStream | null => {
  if (method === "HEAD" || status === 204 || status === 304) {
    incoming.resume()
    return null
  }
  return Readable.toWeb(incoming) as ReadableStream
}

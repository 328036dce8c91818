/** Hands a server to libraries that want more than a fetch: `@kubernetes/client-node` and msw. Neither is imported: they hand in their parts. */
import type { ApiServer } from "./ApiServer.ts"
import { fetchHandler } from "./FetchHandler.ts"

/** What client-node knows of a request. */
interface ClientRequest {
  readonly getUrl: () => string
  readonly getHttpMethod: () => string
  readonly getHeaders: () => Readonly<Record<string, string>>
  readonly getBody: () => unknown
  readonly getSignal?: () => AbortSignal | undefined
}

/** What client-node knows of an answer's body. */
interface ClientBody<Bytes> {
  readonly text: () => Promise<string>
  readonly binary: () => Promise<Bytes>
  readonly stream: () => ReadableStream<Uint8Array> | null
}

/** The exports of `@kubernetes/client-node` that are needed. */
export interface ClientNodeParts<Answer, Library, Bytes> {
  readonly ResponseContext: new (code: number, headers: Record<string, string>, body: ClientBody<Bytes>) => Answer
  readonly wrapHttpLibrary: (library: { readonly send: (request: ClientRequest) => Promise<Answer> }) => Library
}

/**
 * The `httpApi` of a client-node configuration that calls the server in the same process, as whoever `token` belongs to:
 * `createConfiguration({ httpApi: httpApi(server, k8s, { token }) })`. Its `Watch` does not use it; give that a server that listens.
 */
export const httpApi = <Answer, Library, Bytes>(
  server: ApiServer,
  { ResponseContext, wrapHttpLibrary }: ClientNodeParts<Answer, Library, Bytes>,
  { token }: { readonly token: string }
): Library => {
  const handle = fetchHandler(server)
  return wrapHttpLibrary({
    send: async (request) => {
      const body = request.getBody()
      const signal = request.getSignal?.()
      const response = await handle(new Request(request.getUrl(), {
        method: request.getHttpMethod(),
        headers: { authorization: `Bearer ${token}`, ...request.getHeaders() },
        ...(body === undefined ? {} : { body: body as string }),
        ...(signal === undefined ? {} : { signal })
      }))
      return new ResponseContext(response.status, Object.fromEntries(response.headers), {
        text: () => response.text(),
        binary: async () => new Uint8Array(await response.arrayBuffer()) as Bytes,
        stream: () => response.body
      })
    }
  })
}

/** The `http` of msw, as far as it is needed. */
export interface MswHttp<Handler> {
  readonly all: (path: string, resolver: (info: { readonly request: Request }) => Promise<Response>) => Handler
}

/** Handlers for msw that answer everything below `base` (`https://cluster.test`) from the server: `setupServer(...mswHandlers(server, http, base))`. */
export const mswHandlers = <Handler>(server: ApiServer, http: MswHttp<Handler>, base: string): ReadonlyArray<Handler> => {
  const handle = fetchHandler(server)
  return [http.all(`${base}/*`, ({ request }) => handle(request))]
}

/** Compresses long answers for clients that ask for it. */
import type { HttpRequest, HttpResponse } from "./HttpMessage.ts"

/** Shorter answers go out as they are: kube-apiserver's threshold. */
const bytesMin = 128 * 1024

/** The answer, in gzip where it is long, was read, and the client takes gzip. */
export const compressed = (request: HttpRequest, answer: HttpResponse): HttpResponse | Promise<HttpResponse> => {
  const { body, status } = answer
  if (request.method !== "GET" || status !== 200 || typeof body === "function" || body.length < bytesMin) return answer
  return acceptsGzip(request.header("accept-encoding")) && answer.headers["Content-Encoding"] === undefined ? zip(answer, body) : answer
}

const acceptsGzip = (header: string | undefined): boolean => header !== undefined && header.split(",").some((entry) => entry.split(";")[0]!.trim() === "gzip")

const zip = async (answer: HttpResponse, body: string | Uint8Array): Promise<HttpResponse> => {
  const zipped = new Response(body as BodyInit).body!.pipeThrough(new CompressionStream("gzip"))
  const bytes = new Uint8Array(await new Response(zipped).arrayBuffer())
  return { ...answer, headers: { ...answer.headers, "Content-Encoding": "gzip", Vary: "Accept-Encoding" }, body: bytes }
}

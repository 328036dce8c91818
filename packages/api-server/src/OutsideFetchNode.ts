/** Calls webhooks over Node's `http` and `https`, trusting the authority that their configuration names. */
import * as Http from "node:http"
import * as Https from "node:https"
import type { OutsideFetch } from "./outside/OutsideSession.ts"

/** The `fetch` of a server that runs on Node. Names of services are looked up like all others. */
export const outsideFetch: OutsideFetch = async (request, { caBundle }) => {
  const body = await request.text()
  return new Promise((resolve, reject) => {
    const url = new URL(request.url)
    const options: Https.RequestOptions = {
      method: request.method,
      headers: { ...Object.fromEntries(request.headers), "content-length": Buffer.byteLength(body) },
      signal: request.signal,
      ...(caBundle === undefined ? {} : { ca: caBundle })
    }
    const sent = (url.protocol === "https:" ? Https : Http).request(url, options, (response) => {
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => pieces.push(piece))
      response.on("error", reject)
      response.on("end", () => resolve(responseOf(response.statusCode ?? 500, Buffer.concat(pieces))))
    })
    sent.on("error", reject)
    sent.end(body)
  })
}

/** Some answers must not have a body. */
const responseOf = (status: number, body: Buffer<ArrayBuffer>): Response => new Response(body.length === 0 ? null : body, { status: status < 200 || status > 599 ? 500 : status })

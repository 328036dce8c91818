/** A process that sends requests over kept connections, a few at a time, and says when all are answered. */
import { Agent, request } from "node:http"

interface Work {
  readonly url: string
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly type: string
  readonly requests: number
}

const connections = 8
const agent = new Agent({ keepAlive: true, maxSockets: connections })

const send = ({ url, method, path, body, type }: Work): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { Authorization: "Bearer secret", "User-Agent": "bench/1", Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": type, "Content-Length": Buffer.byteLength(body) }) }
    const call = request(`${url}${path}`, { method, agent, headers }, (response) => {
      response.resume()
      response.once("end", () => (response.statusCode! < 300 ? resolve() : reject(new Error(`${method} ${path} was answered with ${response.statusCode}`))))
    })
    call.once("error", reject)
    call.end(body)
  })

process.on("message", (work: Work) => {
  let left = work.requests
  const one = async (): Promise<void> => {
    while (left-- > 0) await send(work)
  }
  Promise.all(Array.from({ length: connections }, one)).then(
    () => process.send!({}),
    (error: unknown) => process.send!({ problem: String(error) })
  )
})

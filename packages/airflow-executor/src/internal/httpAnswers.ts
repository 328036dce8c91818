/** Answers of the service. */

/** The service will not carry a request out. */
export class HttpRefusal extends Error {
  readonly status: number
  readonly reason: string
  readonly headers: { readonly [name: string]: string }

  constructor(status: number, reason: string, message: string, headers: { readonly [name: string]: string } = {}) {
    super(message)
    this.status = status
    this.reason = reason
    this.headers = headers
  }
}

export const json = (status: number, body: unknown, headers: { readonly [name: string]: string } = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } })

/** What was refused says why; a fault of the service's own says no more than that. */
export const refusalResponse = (error: unknown): Response => {
  if (error instanceof HttpRefusal) return json(error.status, { error: { reason: error.reason, message: error.message } }, error.headers)
  return json(500, { error: { reason: "InternalError", message: "the service broke on this request; this is a fault of its own" } })
}

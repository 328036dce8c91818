/** Refuses requests as a server does that has too many of them. */
import type { User } from "../../ApiRequest.ts"
import type { HttpResponse } from "../../http/HttpMessage.ts"
import type { ServerContext } from "../../ServerContext.ts"
import type { Attributes } from "../Authorization.ts"
import { type Flow, flowOf } from "./Flow.ts"

/** A request that asks to be served, with the flow it falls under. */
export interface FlowRequest extends Flow, Attributes {
  readonly user: User
}

/** Says after how many seconds a request may come again; `undefined` lets it pass. */
export type FlowRule = (request: FlowRequest) => number | undefined

/** The answer 429 to a request that a rule refuses. Requests of exempt levels are never asked about. */
export const refusedByRules = (server: ServerContext, user: User, attributes: Attributes): HttpResponse | undefined => {
  if (server.flowRules.size === 0) return undefined
  const flow = flowOf(server, user, attributes)
  if (flow === undefined || flow.priorityLevel === "exempt") return undefined
  for (const rule of server.flowRules) {
    const seconds = rule({ ...attributes, ...flow, user })
    if (seconds !== undefined) return tooMany(flow, seconds)
  }
  return undefined
}

const tooMany = (flow: Flow, seconds: number): HttpResponse => ({
  status: 429,
  headers: {
    "Content-Type": "text/plain; charset=utf-8",
    "Retry-After": String(seconds),
    "X-Content-Type-Options": "nosniff",
    "X-Kubernetes-PF-FlowSchema-UID": flow.flowSchemaUid,
    "X-Kubernetes-PF-PriorityLevel-UID": flow.priorityLevelUid
  },
  body: "Too many requests, please try again later.\n"
})

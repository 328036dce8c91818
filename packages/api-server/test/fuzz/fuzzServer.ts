/** Plays spoiled sessions, and says what a server must never do. */
import * as fc from "fast-check"
import { ApiServer } from "../../src/index.ts"
import { respond } from "../../src/http/Face.ts"
import type { HttpResponse } from "../../src/http/HttpMessage.ts"
import { runNamespaceControllers } from "../conformance/clusterControllers.ts"
import { VirtualTime } from "../conformance/virtualTime.ts"
import { numbers } from "../makeServer.ts"
import { readSessions, type Session } from "./corpus.ts"
import { type Mutation, mutation, type RawRequest, spoil } from "./mutations.ts"

const cpuMillisMax = 4000

class Judge {
  defects: Array<unknown> = []

  /**
   * What is wrong with an answer, or nothing. A refusal with 500 is no defect: the original has its own. What it does not have are errors that nobody
   * wrote down.
   */
  verdict(response: HttpResponse, cpuMillis: number): string | undefined {
    const defect = this.defects.pop()
    if (defect !== undefined) return `a broken invariant: ${defect instanceof Error ? defect.stack : String(defect)}`
    if (cpuMillis > cpuMillisMax) return `took ${Math.round(cpuMillis)} ms`
    const { body, headers, status } = response
    if (!Number.isInteger(status) || status < 200 || status > 599) return `status ${status}`
    if (typeof body === "function") return undefined
    if (typeof body === "string" && String(headers["Content-Type"]).startsWith("application/json") && body !== "") JSON.parse(body)
    return undefined
  }
}

const judge = new Judge()
const time = new VirtualTime(Date.UTC(2026, 0, 1))
const origin = ApiServer.make({
  now: time.now,
  random: numbers(1),
  schedule: time.schedule,
  freeze: true,
  tokens: { t: { name: "admin", groups: ["system:masters"] } },
  onDefect: (defect) => void judge.defects.push(defect)
})
runNamespaceControllers(origin)
for (const name of ["default", "kube-system"]) origin.handle({ verb: "create", group: "", version: "v1", plural: "serviceaccounts", namespace: name, body: { metadata: { name: "default" } } })

const ask = async (server: ApiServer.ApiServer, { body, headers, method, path }: RawRequest): Promise<HttpResponse> => {
  const question = path.indexOf("?")
  const response = await respond(server, {
    method,
    path: question < 0 ? path : path.slice(0, question),
    query: question < 0 ? "" : path.slice(question + 1),
    header: (name) => headers[name],
    headerNames: () => Object.keys(headers),
    body
  })
  if (typeof response.body === "function") {
    let bytes = 0
    response.body({ write: (piece) => void (bytes += piece.length), end: () => undefined, waiting: () => 0 })()
  }
  return response
}

/** Plays a session with its changes on a fork of the server. Throws when the server does what it must not. */
const play = async (session: Session, mutations: ReadonlyArray<Mutation>): Promise<void> => {
  const server = origin.fork({ random: numbers(2) })
  runNamespaceControllers(server)
  const { requests } = session
  for (const [i, request] of requests.entries()) {
    const raw = spoil(request, mutations.filter(({ step }) => step % requests.length === i))
    const before = process.cpuUsage()
    let problem: string | undefined
    try {
      const response = await ask(server, raw)
      const { system, user } = process.cpuUsage(before)
      problem = judge.verdict(response, (user + system) / 1000)
    } catch (error) {
      problem = `it threw ${error instanceof Error ? error.stack : String(error)}`
    }
    if (problem !== undefined) throw new Error(`${problem}\nafter ${session.name}, step ${i + 1}: ${describe(raw)}`)
  }
}

const describe = ({ body, headers, method, path }: RawRequest): string => {
  const { authorization: _, "user-agent": __, ...others } = headers
  return `${method} ${JSON.stringify(path)} ${JSON.stringify(others)} ${JSON.stringify(new TextDecoder().decode(body)).slice(0, 1500)}`
}

const sessions = readSessions()

/** What the fuzzer draws: a recorded session and what goes wrong in it. */
export const spoiledSession = fc.tuple(fc.nat(sessions.length - 1), fc.array(mutation, { minLength: 1, maxLength: 5 }))

/** Plays one drawn session. */
export const playDrawn = ([at, mutations]: [number, Array<Mutation>]): Promise<void> => play(sessions[at]!, mutations)

/** The property that every spoiled session gets answers. */
export const everyRequestIsAnswered = fc.asyncProperty(spoiledSession, playDrawn)

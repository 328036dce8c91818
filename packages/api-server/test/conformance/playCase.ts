/** Carries out the steps of a case against a server, in time that the runner moves. */
import type { CaseRequest, CaseStep, ConformanceCase } from "./conformanceCase.ts"

/** Where a case is played. */
export interface Stage {
  readonly fetch: (request: Request) => Promise<Response>
  readonly token: string
  /** Lets time pass, and whatever the server and the network do in it. */
  readonly pass: (millis: number) => Promise<void>
  /** Distinguishes the namespaces of one run from those of another. */
  readonly id: string
}

/** Names that a case can refer to with `$name`. */
export type Variables = Record<string, string>

/** What came of a case, step by step, before anything is made comparable. */
export interface Played {
  readonly variables: Variables
  readonly results: ReadonlyArray<unknown>
}

interface OpenWatch {
  readonly events: Array<unknown>
  readonly abort: AbortController
  ended: boolean
}

const pollMs = 100

/** Reads `a.b.0.c`; a backslash protects a dot inside a key. */
const readPath = (value: unknown, path: string): unknown =>
  path.split(/(?<!\\)\./).reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key.replaceAll("\\.", ".")], value)

const fillIn = <A>(value: A, variables: Variables): A =>
  JSON.parse(JSON.stringify(value).replace(/\$(?:\{([a-zA-Z]\w*)\}|([a-zA-Z]\w*))/g, (whole: string, braced?: string, bare?: string) => {
    const found = variables[braced ?? bare ?? ""]
    return found === undefined ? whole : JSON.stringify(found).slice(1, -1)
  })) as A

class Play {
  readonly variables: Variables
  readonly results: Array<unknown> = []
  private readonly watches = new Map<string, OpenWatch>()
  private readonly stage: Stage

  constructor(stage: Stage) {
    this.stage = stage
    const ns = `c-${stage.id}`
    this.variables = { ns, ns2: `${ns}-b`, id: stage.id }
  }

  async step(template: CaseStep): Promise<void> {
    const step = fillIn(template, this.variables)
    if (step.request !== undefined) return this.requestStep(step, step.request)
    if (step.watch !== undefined) return this.watchStep(step.watch, step)
    if (step.events !== undefined) return this.eventsStep(step.events, step)
    await this.stage.pass(step.sleepMs ?? 0)
    this.results.push({ quiet: true })
  }

  private async requestStep(step: CaseStep, request: CaseRequest): Promise<void> {
    let result = await this.ask(request)
    const { until } = step
    if (until !== undefined) {
      const holds = (): boolean =>
        (until.status === undefined || result.status === until.status) &&
        Object.entries(until.body ?? {}).every(([path, want]) => JSON.stringify(readPath(result.body, path)) === JSON.stringify(want))
      for (let left = step.withinMs ?? 15_000; !holds() && left > 0; left -= pollMs) {
        await this.stage.pass(pollMs)
        result = await this.ask(request)
      }
    }
    for (const [name, path] of Object.entries(step.save ?? {})) this.variables[name] = String(readPath(result.body, path))
    if (step.quiet === true) this.results.push({ quiet: true, failed: result.status >= 400 ? result : undefined })
    else this.results.push(result)
  }

  private async watchStep(name: string, step: CaseStep): Promise<void> {
    const abort = new AbortController()
    const response = await this.send({ method: "GET", path: step.path ?? "", ...(step.headers === undefined ? {} : { headers: step.headers }) }, abort.signal)
    const watch: OpenWatch = { events: [], abort, ended: false }
    this.watches.set(name, watch)
    void this.follow(response, watch)
    this.results.push({ status: response.status })
  }

  private async follow(response: Response, watch: OpenWatch): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ""
    try {
      for await (const piece of response.body ?? []) {
        rest += decoder.decode(piece as Uint8Array, { stream: true })
        const lines = rest.split("\n")
        rest = lines.pop() ?? ""
        for (const line of lines) if (line.trim() !== "") watch.events.push(JSON.parse(line))
      }
      if (rest.trim() !== "") watch.events.push(JSON.parse(rest))
    } catch {
      // The case is over: its watches are aborted.
    }
    watch.ended = true
  }

  private async eventsStep(name: string, step: CaseStep): Promise<void> {
    const watch = this.watches.get(name)!
    const count = step.count ?? 1
    await this.stage.pass(0)
    for (let left = step.withinMs ?? 10_000; watch.events.length < count && !watch.ended && left > 0; left -= pollMs) await this.stage.pass(pollMs)
    const events = watch.events.splice(0, count)
    if (step.sorted === true) events.sort((a, b) => (nameIn(a) < nameIn(b) ? -1 : 1))
    this.results.push({ events })
  }

  async ask(request: CaseRequest): Promise<{ status: number; body: unknown }> {
    const abort = new AbortController()
    const response = await this.send(request, abort.signal)
    const reading = response.text()
    // A watch that ends by its timeout is read to its end: time must pass for that.
    let text: string | undefined
    void reading.then((read) => (text = read))
    for (let turn = 0; text === undefined && turn < 400; turn++) await this.stage.pass(turn < 3 ? 0 : pollMs)
    if (text === undefined) {
      abort.abort()
      throw new Error(`${request.method} ${request.path} never ends`)
    }
    const result: Record<string, unknown> = {
      status: response.status,
      type: (response.headers.get("content-type") ?? "").split(";")[0]!.trim()
    }
    for (const header of ["warning", "retry-after", "allow"]) {
      const value = response.headers.get(header)
      if (value !== null && value !== "") result[header] = value
    }
    result["body"] = parseOrText(text)
    return result as { status: number; body: unknown }
  }

  private send(request: CaseRequest, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { accept: "application/json", "user-agent": "conformance/1.0", ...request.headers }
    headers["authorization"] ??= `Bearer ${this.stage.token}`
    const body = request.raw ?? (request.body === undefined ? undefined : JSON.stringify(request.body))
    if (body !== undefined) headers["content-type"] ??= "application/json"
    return this.stage.fetch(new Request(new URL(request.path, "http://server"), { method: request.method, headers, signal, ...(body === undefined ? {} : { body }) }))
  }

  close(): void {
    for (const watch of this.watches.values()) watch.abort.abort()
  }
}

const nameIn = (event: unknown): string => String(readPath(event, "object.metadata.name"))

const parseOrText = (text: string): unknown => {
  if (text === "") return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** Plays a case from making its namespace to cleaning up. */
export const playCase = async (testCase: ConformanceCase, stage: Stage): Promise<Played> => {
  const play = new Play(stage)
  const { ns } = play.variables
  const ownNamespace = testCase.namespace !== false
  try {
    if (ownNamespace) {
      await play.ask({ method: "POST", path: "/api/v1/namespaces", body: { apiVersion: "v1", kind: "Namespace", metadata: { name: ns } } })
      for (let i = 0; i < 100; i++) {
        if ((await play.ask({ method: "GET", path: `/api/v1/namespaces/${ns}/serviceaccounts/default` })).status === 200) break
        await stage.pass(50)
      }
    }
    for (const step of testCase.steps) await play.step(step)
  } finally {
    play.close()
    if (ownNamespace) await play.ask({ method: "DELETE", path: `/api/v1/namespaces/${ns}`, body: { propagationPolicy: "Background" } })
    for (const path of testCase.cleanup ?? []) await play.ask({ method: "DELETE", path: fillIn(path, play.variables) })
  }
  return { variables: play.variables, results: play.results }
}

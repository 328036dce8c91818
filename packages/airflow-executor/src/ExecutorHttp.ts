/** An executor behind HTTP: hand runs in, list them, take them back, follow what becomes of them. */
import { Clock, Effect, Random, type Scope } from "effect"
import { changesResponse } from "./internal/changeStream.ts"
import { HttpRefusal, json, refusalResponse } from "./internal/httpAnswers.ts"
import { keyFromWire, readJson, type RunRequest, readLookup, readRuns, runToWire } from "./internal/runWire.ts"
import type { KubernetesExecutor } from "./KubernetesExecutor.ts"
import { RunBook, type RunBookOptions, type RunView } from "./RunBook.ts"

/** How a service is set up. */
export interface ExecutorHttpOptions extends RunBookOptions {
  readonly executor: KubernetesExecutor
  /** Whoever presents it as a bearer token may do everything. Without one, whoever can reach the service may. */
  readonly token?: string | undefined
  /** Largest body that is read; 64 MiB. */
  readonly bodyBytesMost?: number | undefined
}

/** Serves an executor; a plain function for `Deno.serve`, a worker, Node's `http`, or a test. */
export type RequestHandler = (request: Request) => Promise<Response>

/** What the routes share. */
interface Service {
  readonly executor: KubernetesExecutor
  readonly book: RunBook
  readonly bodyBytesMost: number
  /** Differs after every start: cursors of an earlier one mean nothing any more. */
  readonly epoch: string
  readonly clock: Clock.Clock
  readonly run: <A>(effect: Effect.Effect<A>, signal?: AbortSignal) => Promise<A>
}

/**
 * Serves an executor that is started, and keeps its events.
 *
 * - `POST /v1/runs` `{"runs": [{"id", "key", "command" | "workload", "executor_config"?, "priority"?, "queue"?, "image"?}]}` hands runs in.
 *   An id that is known is not started again: the answer is its state. A run that cannot be used is `failed`, with the reason in `info`.
 * - `GET /v1/runs`, optionally `?state=running`; `GET /v1/runs/ID`; `POST /v1/runs/lookup` `{"ids"}` or `{"keys"}`.
 * - `DELETE /v1/runs/ID` takes a run back and deletes its pod; other runs of the same task stay.
 * - `GET /v1/changes?after=CURSOR` streams changes, as server-sent events if they are asked for, else as lines of JSON.
 *   Without a cursor it begins with the state of all runs. A cursor that is too old is `410`: begin without one.
 * - `GET /healthz` needs no token.
 *
 * Refusals are `{"error": {"reason", "message"}}`.
 */
export const make = (options: ExecutorHttpOptions): Effect.Effect<RequestHandler, never, Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const service: Service = {
      executor: options.executor,
      book: new RunBook(options),
      bodyBytesMost: options.bodyBytesMost ?? 64 * 2 ** 20,
      epoch: Math.abs(yield* Random.nextInt).toString(36),
      clock: yield* Clock.Clock,
      run: (effect, signal) => Effect.runPromiseWith(context)(effect, signal === undefined ? {} : { signal })
    }
    const stop = options.executor.subscribe(({ info, key, pod, runId, state }) => {
      // What is refused on being handed in has no id; its sender has the answer.
      if (runId !== "") service.book.note({ id: runId, key, state, info, pod })
    })
    yield* Effect.addFinalizer(() => Effect.sync(stop))
    for (const { key, pod, runId } of options.executor.runs()) service.book.note({ id: runId, key, state: "launched", info: "it was there at the start", pod })
    const answer = router(service)
    return async (request) => {
      try {
        const url = new URL(request.url)
        if (url.pathname === "/healthz") return health(service)
        if (options.token !== undefined && !isBearer(request, options.token)) {
          throw new HttpRefusal(401, "Unauthorized", "the header Authorization must be Bearer and the token of the service", { "www-authenticate": "Bearer" })
        }
        return await answer(request, url)
      } catch (error) {
        return refusalResponse(error)
      }
    }
  })

/** Beats for as long as the service lives: fills slots and turns reports into changes. Events of the buffer are for nobody here. */
export const beat = (executor: KubernetesExecutor): Effect.Effect<never> =>
  Effect.forever(Effect.andThen(executor.heartbeat, Effect.suspend(() => {
    executor.getEventBuffer()
    return Effect.sleep("100 millis")
  })))

type Route = (request: Request, url: URL, id: string) => Response | Promise<Response>

const router = (service: Service): ((request: Request, url: URL) => Promise<Response>) => {
  const routes: ReadonlyArray<readonly [method: string, path: RegExp, route: Route]> = [
    ["POST", /^\/v1\/runs$/, (request) => submit(service, request)],
    ["GET", /^\/v1\/runs$/, (_, url) => listRuns(service, url)],
    ["POST", /^\/v1\/runs\/lookup$/, (request) => lookup(service, request)],
    ["GET", /^\/v1\/runs\/([^/]+)$/, (_, __, id) => json(200, runToWire(known(service, id)))],
    ["DELETE", /^\/v1\/runs\/([^/]+)$/, (_, __, id) => cancel(service, id)],
    ["GET", /^\/v1\/changes$/, (request, url) => changesResponse(service, request, url)]
  ]
  return async (request, url) => {
    const ofPath = routes.filter(([, path]) => path.test(url.pathname))
    const route = ofPath.find(([method]) => method === request.method)
    if (route !== undefined) return route[2](request, url, decoded(route[1].exec(url.pathname)?.[1] ?? ""))
    if (ofPath.length === 0) throw new HttpRefusal(404, "NotFound", `there is nothing at ${url.pathname}`)
    const allow = ofPath.map(([method]) => method).join(", ")
    throw new HttpRefusal(405, "MethodNotAllowed", `${url.pathname} takes ${allow}, not ${request.method}`, { allow })
  }
}

/** What is encoded wrongly is no id of anything. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const submit = async (service: Service, request: Request): Promise<Response> => {
  const runs = readRuns(await readJson(request, service.bodyBytesMost))
  return json(200, { runs: runs.map((run) => runToWire(submitOne(service, run))) })
}

const submitOne = ({ book, executor }: Service, { command, id, key, options }: RunRequest): RunView => {
  const before = book.get(id)
  if (before !== undefined) {
    // A pod that was there at the start has no command, without which it cannot be launched again.
    if (!before.isFinal && before.state !== "waiting") executor.executeAsync(key, command, { ...options, runId: id })
    return before
  }
  const problem = executor.queueCommand(key, command, { ...options, runId: id })
  return book.note({ id, key, state: problem === undefined ? "waiting" : "failed", info: problem, pod: undefined })
}

const listRuns = ({ book }: Service, url: URL): Response => {
  const state = url.searchParams.get("state")
  return json(200, { runs: book.list().filter((it) => state === null || it.state === state).map(runToWire) })
}

const lookup = async (service: Service, request: Request): Promise<Response> => {
  const { ids, keys } = readLookup(await readJson(request, service.bodyBytesMost))
  const found = [...ids.map((id) => service.book.get(id)), ...keys.map((key) => service.book.ofKey(keyFromWire(key)))]
  return json(200, { runs: found.filter((it) => it !== undefined).map(runToWire) })
}

const cancel = async (service: Service, id: string): Promise<Response> => {
  const run = known(service, id)
  // Nothing could be done to its pod, and who is told that it is taken back asks no more.
  if (!run.isFinal && run.state !== "waiting" && !service.executor.mayWrite()) {
    throw new HttpRefusal(503, "Unavailable", "the lease is not held at the moment, so no run can be taken back; try again", { "retry-after": "1" })
  }
  if (!run.isFinal) await service.run(service.executor.revokeTask(run.key, id))
  return json(200, runToWire(known(service, id)))
}

const known = ({ book }: Service, id: string): RunView => {
  const run = book.get(id)
  if (run === undefined) throw new HttpRefusal(404, "NotFound", `there is no run "${id}"`)
  return run
}

const health = ({ executor }: Service): Response => {
  const problems = executor.health()
  return json(problems.length === 0 ? 200 : 503, { problems, stats: executor.stats() })
}

/** Looks at all characters, whatever the first ones are, so that the time tells nothing of the token. */
const isBearer = (request: Request, token: string): boolean => {
  const given = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? ""
  let difference = given.length ^ token.length
  for (let at = 0; at < token.length; at++) difference |= (given.charCodeAt(at) || 0) ^ token.charCodeAt(at)
  return difference === 0
}

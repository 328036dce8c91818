/** Serves health and metrics to the kubelet and to Prometheus. */
import { Context, Data, Effect, type Scope } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { CurrentHealth, type HealthReport } from "@fairlead/controller"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

/** The port could not be opened. */
export class StatusServerError extends Data.TaggedError("StatusServerError")<{ readonly host: string; readonly port: number; readonly problem: string }> {
  override get message(): string {
    return `health and metrics cannot be served on ${this.host}:${this.port}: ${this.problem}; choose another with server.port, 0 for any`
  }
}

interface StatusAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const plain = "text/plain; charset=utf-8"

/** `/livez` and `/healthz`: would a restart help? `/readyz`: are the caches full? A standby is ready too. `/metrics`: Prometheus' text. */
const answerStatus = (method: string, path: string, context: Context.Context<never>): StatusAnswer => {
  if (method !== "GET" && method !== "HEAD") return { status: 405, type: plain, body: "only GET is answered here\n" }
  const health = Context.get(context, CurrentHealth)
  switch (path) {
    case "/healthz":
    case "/livez":
      return ofHealth(health.report("live"))
    case "/readyz":
      return ofHealth(health.report("ready"))
    case "/metrics":
      return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: `${PrometheusMetrics.formatUnsafe(context).trimEnd()}\n${processMetrics()}` }
    default:
      return { status: 404, type: plain, body: `there is no ${path}; there are /healthz, /livez, /readyz, /metrics\n` }
  }
}

/** What Prometheus' own clients tell of every process. */
const processMetrics = (): string => {
  const { system, user } = process.cpuUsage()
  const started = Date.now() / 1000 - process.uptime()
  return [
    "# TYPE process_cpu_seconds_total counter",
    `process_cpu_seconds_total ${(system + user) / 1e6}`,
    "# TYPE process_resident_memory_bytes gauge",
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    "# TYPE process_start_time_seconds gauge",
    `process_start_time_seconds ${started.toFixed(3)}`,
    ""
  ].join("\n")
}

const ofHealth = ({ lines, ok }: HealthReport): StatusAnswer => ({
  status: ok ? 200 : 503,
  type: plain,
  body: `${[...lines, ok ? "ok" : "failed"].join("\n")}\n`
})

/** Listens as long as the scope lives; answers the address. */
export const listenStatus = ({ host, port }: { readonly host: string; readonly port: number }): Effect.Effect<string, StatusServerError, Scope.Scope> =>
  Effect.flatMap(Effect.context<never>(), (context) => Effect.acquireRelease(open(host, port, context), ({ server }) => Effect.promise(() => close(server))))
    .pipe(Effect.map(({ url }) => url))

const open = (host: string, port: number, context: Context.Context<never>): Effect.Effect<{ readonly server: Http.Server; readonly url: string }, StatusServerError> =>
  Effect.callback((resume) => {
    const server = Http.createServer((request, response) => {
      const { body, status, type } = answerStatus(request.method ?? "GET", (request.url ?? "/").split("?")[0]!, context)
      response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) })
      response.end(request.method === "HEAD" ? undefined : body)
    })
    server.once("error", (error) => resume(Effect.fail(new StatusServerError({ host, port, problem: error.message }))))
    server.listen(port, host, () => resume(Effect.succeed({ server, url: `http://${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}` })))
  })

const close = (server: Http.Server): Promise<void> =>
  new Promise((done) => {
    server.close(() => done())
    server.closeAllConnections()
  })

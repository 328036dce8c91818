/** `fairlead start` against an API server in another process: tasks per second, and what they cost. */
import { logOf, startCluster, statusUrl, until, untilLogged } from "../test/start/processes.ts"

const count = 500
const names = Array.from({ length: count }, (_, index) => `n${index}`)

/** Calls that the engine made, by verb and code of the answer. */
const callsOf = (metrics: string): ReadonlyArray<{ readonly verb: string; readonly code: string; readonly amount: number }> =>
  [...metrics.matchAll(/^rest_client_requests_total\{(.*)\} (\d+)$/gm)].map(([, labels = "", amount]) => ({
    verb: /verb="([^"]*)"/.exec(labels)?.[1] ?? "",
    code: /code="([^"]*)"/.exec(labels)?.[1] ?? "",
    amount: Number(amount)
  }))

const cluster = await startCluster(0)
try {
  const engine = cluster.engine({ KUBERNETES_REQUESTS_PER_SECOND: "10000", KUBERNETES_REQUEST_BURST: "10000" })
  await untilLogged(engine, "holds the lease")
  const status = await statusUrl(engine)
  const metrics = async (): Promise<string> => await (await fetch(`${status}/metrics`)).text()
  await cluster.submit(names.slice(0, 20).map((it) => `warm-${it}`))
  await until("the first tasks ended", 60, () => (cluster.ended().length >= 20 ? true : undefined))
  const before = callsOf(await metrics())
  const cpuBefore = cpuOf(await metrics())
  const start = performance.now()
  await Promise.all(Array.from({ length: 10 }, (_, part) => cluster.submit(names.filter((_, index) => index % 10 === part))))
  await until("all tasks ended", 240, () => (cluster.ended().length >= count + 20 ? true : undefined))
  const seconds = (performance.now() - start) / 1000
  await until("the engine was done", 30, async () => ((await metrics()).includes("taskaction_active{phase=\"PhaseQueued\"} 0") ? true : undefined)).catch(() => undefined)
  await new Promise((done) => setTimeout(done, 1000))
  const text = await metrics()
  const amount = (verb: string, matches: (code: string) => boolean = () => true): number => {
    const sum = (calls: typeof before) => calls.filter((it) => it.verb === verb && matches(it.code)).reduce((all, it) => all + it.amount, 0)
    return (sum(callsOf(text)) - sum(before)) / count
  }
  const print = (name: string, value: number, unit: string, bars: object = {}): void => console.log(JSON.stringify({ name: `over HTTP: ${name}`, value: Number(value.toFixed(3)), unit, ...bars }))
  print("speed", count / seconds, "tasks/s", { atLeast: 50 })
  print("processor time of the engine", (1000 * (cpuOf(text) - cpuBefore)) / count, "ms/task")
  print("memory of the engine", Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]) / 2 ** 20, "MiB", { atMost: 512 })
  for (const verb of ["create", "patch", "delete"]) print(verb, amount(verb), "1/task")
  print("writes", amount("create") + amount("patch") + amount("delete"), "1/task", { atMost: 5 })
  const refused = (code: string): boolean => code !== "2xx"
  print("refusals", amount("create", refused) + amount("patch", refused) + amount("delete", refused), "1/task", { atMost: 0 })
  const pods = [...cluster.podsOf().values()]
  print("pods", pods.reduce((all, it) => all + it.length, 0) / (count + 20), "1/task", { atMost: 1 })
  const errors = logOf(engine).filter((it) => it.level === "ERROR")
  if (errors.length > 0) throw new Error(`the engine logged: ${errors.map((it) => it.message).join("; ")}`)
} finally {
  await cluster.close()
}

function cpuOf(metrics: string): number {
  return Number(/^process_cpu_seconds_total ([\d.]+)/m.exec(metrics)?.[1])
}

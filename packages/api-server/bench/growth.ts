/** What a read, a write and a selective list take among 1,000 objects and among 100,000, and what a stored object takes. */
import { bestOf, liveBytes, report } from "./support/measure.ts"
import { configMap, configMaps, create, makeServer, pod, pods, withServiceAccount } from "./support/objects.ts"

const few = 1000
const many = 100_000
/** Enough calls for a time that the clock of the processor shows. */
const calls = { get: 200_000, "list by a selective label": 30_000, create: 4000 } as const
/** Objects that are asked for again and again, spread over all, so that the processor's caches hold them among many as among few. */
const asked = 200

/** Every object carries a label of its own, and one that few others have. */
const labelled = (i: number): object => ({ metadata: { name: `settings-${i}`, labels: { id: `i${i}`, group: `g${i % 1000}` } }, data: { n: `${i}` } })

const worldOf = (size: number) => {
  const server = makeServer({ historyMax: 100 })
  for (let i = 0; i < size; i++) create(server, configMaps, labelled(i))
  const find = (i: number): number => (i % asked) * (size / asked)
  let next = size
  return {
    get: () => {
      for (let i = 0; i < calls.get; i++) server.handle({ verb: "get", ...configMaps, name: `settings-${find(i)}` })
    },
    create: () => {
      for (let i = 0; i < calls.create; i++) create(server, configMaps, labelled(next++))
    },
    "list by a selective label": () => {
      for (let i = 0; i < calls["list by a selective label"]; i++) {
        const answer = server.handle({ verb: "list", ...configMaps, query: { labelSelector: `id=i${find(i)}` } }).body as { items: ReadonlyArray<unknown> }
        if (answer.items.length !== 1) throw new Error(`found ${answer.items.length}`)
      }
    }
  }
}

/** A larger map misses the caches more often; what must not be is a time that grows with the number of objects. */
const factorMost = 2

const compare = (): void => {
  const [small, large] = [worldOf(few), worldOf(many)]
  for (const name of ["get", "list by a selective label", "create"] as const) {
    let [among, baseline] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    // Turn about, so that what else the machine does slows both.
    for (let round = 0; round < 8; round++) {
      baseline = Math.min(baseline, bestOf(1, small[name]))
      among = Math.min(among, bestOf(1, large[name]))
    }
    const micros = (milliseconds: number): number => Number(((milliseconds * 1000) / calls[name]).toPrecision(4))
    report(`${name} among ${many} objects`, micros(among), "µs", { baseline: micros(baseline), atMost: factorMost * micros(baseline) })
  }
}
compare()

const bytesFor = (name: string, count: number, where: typeof configMaps | typeof pods, make: (i: number) => object): void => {
  const server = withServiceAccount(makeServer({ historyMax: 100 }))
  // Bodies come from a parser, as over HTTP.
  const text = (i: number): object => JSON.parse(JSON.stringify(make(i))) as object
  for (let i = 0; i < 200; i++) create(server, where, text(count + i))
  const before = liveBytes()
  for (let i = 0; i < count; i++) create(server, where, text(i))
  const bytes = (liveBytes() - before) / count
  const { name: stored } = (make(1) as { metadata: { name: string } }).metadata
  const json = JSON.stringify(server.handle({ verb: "get", ...where, name: stored }).body).length
  report(`memory of a stored ${name}`, bytes / json, "of its JSON size", { atMost: 1.5, bytes: Math.round(bytes), jsonBytes: json })
}

bytesFor("configmap of 1 KB", 20_000, configMaps, configMap)
bytesFor("pod", 10_000, pods, pod)

/** Events a second to a hundred watchers, in process. */
import { bestOf, report } from "./support/measure.ts"
import { configMaps, create, makeServer } from "./support/objects.ts"

const watchers = 100
const writes = 5000

/** A small object, so that telling outweighs writing; the writes are part of the time all the same. */
const small = (i: number): object => ({ metadata: { name: `c${i}`, labels: { shard: `s${i % watchers}` } }, data: { n: `${i}` } })

const fanOut = (name: string, selectorOf: (watcher: number) => string | undefined, told: number, bars: { atLeast?: number }): void => {
  let server = makeServer()
  let heard = 0
  const prepare = (): void => {
    server = makeServer()
    heard = 0
    for (let i = 0; i < watchers; i++) {
      const labelSelector = selectorOf(i)
      const answer = server.watch(
        { ...configMaps, query: { resourceVersion: String(server.revision()), ...(labelSelector === undefined ? {} : { labelSelector }) } },
        { onEvents: (events) => void (heard += events.length), onEnd: () => undefined }
      )
      if (!answer.opened) throw new Error(JSON.stringify(answer.response.body))
    }
  }
  const best = bestOf(6, () => {
    for (let i = 0; i < writes; i++) create(server, configMaps, small(i))
    if (heard !== told) throw new Error(`heard ${heard} events, not ${told}`)
  }, prepare)
  report(name, told / (best / 1000), "events/s", bars)
}

fanOut("events to 100 watchers of everything", () => undefined, watchers * writes, { atLeast: 500_000 })
fanOut("events to 100 watchers of one label each", (i) => `shard=s${i}`, writes, {})

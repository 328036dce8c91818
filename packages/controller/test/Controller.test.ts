import { Clock, Data, Duration, Effect, Fiber, Metric } from "effect"
import { describe, expect, it } from "vitest"
import { KubeClient } from "@fairlead/kube"
import { Controller, Health, Informer, OwnWrites, Predicate, type ReconcileRequest, Result, Source, TerminalError } from "../src/index.ts"
import { partOf, parts, recording, simulate, widget, type Widget, widgets } from "./support/objects.ts"

class Broken extends Data.TaggedError("Broken")<{ readonly message: string; readonly retryAfterSeconds?: number }> {}

const widgetInformer = Effect.suspend(() => Informer.make<Widget>({ resource: widgets }))

/** Runs a controller in the background and answers the names that it reconciled, with the time in milliseconds. */
const observed = (
  reconcile: (name: string, runs: ReadonlyArray<string>) => Effect.Effect<Result, unknown, KubeClient>,
  options: Partial<Parameters<typeof Controller.run>[0]> = {}
) =>
  Effect.gen(function*() {
    const informer = yield* widgetInformer
    const runs: Array<string> = []
    const start = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.forkScoped(Controller.run({
      name: "widgets",
      sources: [Source.of(informer)],
      ...options,
      reconcile: ({ name }) => Effect.gen(function*() {
        runs.push(`${name} ${(yield* Clock.currentTimeMillis) - start}`)
        return yield* reconcile(name, runs)
      })
    }))
    return { informer, runs, fiber }
  })

const done = Effect.succeed(Result.done)

describe("run", () => {
  it("reconciles what is there and what changes", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a"))
      const { runs } = yield* observed(() => done)
      yield* Effect.sleep(10)
      cluster.put(widgets, widget("b"))
      yield* Effect.sleep(10)
      cluster.remove(widgets, "default", "a")
      yield* Effect.sleep(10)
      expect(runs).toEqual(["a 0", "b 10", "a 20"])
    }))
  })

  it("waits for all informers before it starts", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a"))
      cluster.rule = (verb, request) => (verb === "list" && request.resource === parts ? { hang: true } : undefined)
      const partInformer = yield* Informer.make({ resource: parts })
      const { runs } = yield* observed(() => done, { caches: [partInformer] })
      yield* Effect.sleep("30 seconds")
      expect(runs).toEqual([])
      cluster.rule = () => undefined
      yield* partInformer.synced
      yield* Effect.sleep(10)
      expect(runs).toHaveLength(1)
    }))
  })

  it("never runs one key twice at once, and runs it again when it changed during its run", () => {
    simulate((cluster) => Effect.gen(function*() {
      let active = 0
      cluster.put(widgets, widget("a"))
      const { runs } = yield* observed(() => Effect.gen(function*() {
        expect(++active).toBe(1)
        yield* Effect.sleep(100)
        active--
        return Result.done
      }))
      yield* Effect.sleep(10)
      for (let i = 0; i < 5; i++) {
        cluster.put(widgets, widget("a"))
        yield* Effect.sleep(5)
      }
      yield* Effect.sleep(1000)
      expect(runs).toEqual(["a 0", "a 100"])
    }))
  })

  it("runs at most as many reconciles at once as there are workers", () => {
    simulate((cluster) => Effect.gen(function*() {
      for (let i = 0; i < 10; i++) cluster.put(widgets, widget(`w${i}`))
      let active = 0
      let most = 0
      const { runs } = yield* observed(() => Effect.gen(function*() {
        most = Math.max(most, ++active)
        yield* Effect.sleep(10)
        active--
        return Result.done
      }), { workers: 3 })
      yield* Effect.sleep(1000)
      expect(most).toBe(3)
      expect(runs.at(-1)).toBe("w9 30")
    }))
  })

  it("reconciles again after the time that the result asks for, or sooner when something changes", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a"))
      const { runs } = yield* observed((_, runs) => Effect.succeed(runs.length < 4 ? Result.requeueAfter("10 seconds") : Result.done))
      yield* Effect.sleep("15 seconds")
      cluster.put(widgets, widget("a"))
      yield* Effect.sleep("1 minute")
      expect(runs).toEqual(["a 0", "a 10000", "a 15000", "a 25000"])
    }))
  })

  it("stretches requeues by chance when told to", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a"))
      const { runs } = yield* observed(() => Effect.succeed(Result.requeueAfter(1000)), { requeueJitter: 0.5 })
      yield* Effect.sleep("1 minute")
      const times = runs.map((it) => Number(it.split(" ")[1]))
      const gaps = times.slice(1).map((it, i) => it - times[i]!)
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(999)
      expect(Math.max(...gaps)).toBeLessThanOrEqual(1501)
      expect(new Set(gaps).size).toBeGreaterThan(5)
    }))
  })

  it("tries a failure again after 5 ms, 10 ms, 20 ms, and starts over after a success", () => {
    simulate((cluster, logs) => Effect.gen(function*() {
      cluster.put(widgets, widget("a"))
      const { runs } = yield* observed((_, runs) => runs.length < 4 ? new Broken({ message: "no luck" }) : done)
      yield* Effect.sleep(1000)
      expect(runs).toEqual(["a 0", "a 5", "a 15", "a 35"])
      expect(logs.filter((it) => it.includes("reconcile of default/a failed: no luck"))).toHaveLength(3)
    }))
  })

  it("waits as long as the server asked for", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a"))
      const { runs } = yield* observed((_, runs) => runs.length < 2 ? new Broken({ message: "slow down", retryAfterSeconds: 7 }) : done)
      yield* Effect.sleep("1 minute")
      expect(runs).toEqual(["a 0", "a 7000"])
    }))
  })

  it("does not try a terminal error again until the object changes", () => {
    simulate((cluster, logs) => Effect.gen(function*() {
      cluster.put(widgets, widget("a"))
      const { runs } = yield* observed((_, runs) => runs.length < 2 ? new TerminalError({ message: "spec.size must be positive, but is -1" }) : done)
      yield* Effect.sleep("1 hour")
      expect(runs).toEqual(["a 0"])
      expect(logs.at(-1)).toContain("failed for good: spec.size must be positive, but is -1")
      cluster.put(widgets, widget("a"))
      yield* Effect.sleep(10)
      expect(runs).toHaveLength(2)
    }))
  })

  it.each([
    ["dies", () => Effect.die(new Error("boom")), "died: boom"],
    ["throws while its effect is made", () => {
      throw new Error("bang")
    }, "died: bang"],
    ["interrupts itself", () => Effect.interrupt, "was interrupted"],
    ["hangs", () => Effect.never, "was interrupted after 60000 ms"],
    ["fails with nothing", () => Effect.fail(undefined), "failed: undefined"]
  ] as const)("a reconcile that %s harms only its own key", (_, bad, said) => {
    simulate((cluster, logs) => Effect.gen(function*() {
      for (const name of ["bad", "good"]) cluster.put(widgets, widget(name))
      const { runs } = yield* observed((name): Effect.Effect<Result, unknown> => (name === "bad" ? bad() : done), { workers: 1, timeout: "1 minute" })
      yield* Effect.sleep("2 minutes")
      expect(runs.some((it) => it.startsWith("good"))).toBe(true)
      expect(runs.filter((it) => it.startsWith("bad")).length).toBeGreaterThan(1)
      expect(logs.some((it) => it.includes(`reconcile of default/bad ${said}`))).toBe(true)
    }))
  })

  it("a reconcile that does not react to its interruption keeps its key, and its worker goes on with others", () => {
    simulate((cluster, logs) => Effect.gen(function*() {
      for (const name of ["bad", "good"]) cluster.put(widgets, widget(name))
      const { runs } = yield* observed((name) => name === "bad" ? Effect.uninterruptible(Effect.as(Effect.sleep("10 minutes"), Result.done)) : done, {
        workers: 1, timeout: "1 minute"
      })
      yield* Effect.sleep("2 minutes")
      cluster.put(widgets, widget("bad"))
      yield* Effect.sleep("5 minutes")
      expect(runs).toEqual(["bad 0", "good 65000"])
      expect(logs.some((it) => it.includes("default/bad does not react"))).toBe(true)
      yield* Effect.sleep("4 minutes")
      expect(runs.at(-1)).toBe("bad 600000")
    }))
  })

  it("puts objects of the first list behind what happens meanwhile", () => {
    simulate((cluster) => Effect.gen(function*() {
      for (let i = 0; i < 5; i++) cluster.put(widgets, widget(`old${i}`))
      const { runs } = yield* observed(() => Effect.as(Effect.sleep(10), Result.done), { workers: 1 })
      yield* Effect.sleep(15)
      cluster.put(widgets, widget("new"))
      yield* Effect.sleep(1000)
      expect(runs.map((it) => it.split(" ")[0])).toEqual(["old0", "old1", "new", "old2", "old3", "old4"])
    }))
  })

  it("merges a burst into one reconcile when told to wait for more", () => {
    simulate((cluster) => Effect.gen(function*() {
      const { runs } = yield* observed(() => done, { debounce: 50 })
      for (let i = 0; i < 10; i++) {
        cluster.put(widgets, widget("a"))
        yield* Effect.sleep(4)
      }
      yield* Effect.sleep(1000)
      expect(runs).toEqual(["a 50"])
    }))
  })

  it("accepts only its own keys", () => {
    simulate((cluster) => Effect.gen(function*() {
      for (const name of ["a", "b", "c"]) cluster.put(widgets, widget(name))
      const { runs } = yield* observed(() => done, { accepts: ({ name }: ReconcileRequest) => name !== "b" })
      yield* Effect.sleep(10)
      expect(runs).toEqual(["a 0", "c 0"])
    }))
  })

  it("when interrupted takes no more keys and lets running reconciles finish", () => {
    simulate((cluster) => Effect.gen(function*() {
      for (const name of ["a", "b", "c"]) cluster.put(widgets, widget(name))
      const finished: Array<string> = []
      const { runs, fiber } = yield* observed((name) => Effect.as(Effect.tap(Effect.sleep("10 seconds"), () => Effect.sync(() => finished.push(name))), Result.done), {
        workers: 2
      })
      yield* Effect.sleep("1 second")
      const from = yield* Clock.currentTimeMillis
      yield* Fiber.interrupt(fiber)
      expect((yield* Clock.currentTimeMillis) - from).toBe(9000)
      cluster.put(widgets, widget("d"))
      yield* Effect.sleep("1 minute")
      expect(finished).toEqual(["a", "b"])
      expect(runs).toHaveLength(2)
    }))
  })

  it("interrupts what still runs at the end of the shutdown, and leaves behind what does not react", () => {
    simulate((cluster, logs) => Effect.gen(function*() {
      for (const name of ["slow", "stuck"]) cluster.put(widgets, widget(name))
      const { fiber } = yield* observed((name) => {
        const long = Effect.as(Effect.sleep("1 hour"), Result.done)
        return name === "stuck" ? Effect.uninterruptible(long) : long
      }, { timeout: Duration.infinity })
      yield* Effect.sleep("1 second")
      const from = yield* Clock.currentTimeMillis
      yield* Fiber.interrupt(fiber)
      expect((yield* Clock.currentTimeMillis) - from).toBe(35_000)
      expect(logs.some((it) => it.includes("interrupting default/slow, default/stuck"))).toBe(true)
      expect(logs.some((it) => it.includes("leaving default/stuck behind"))).toBe(true)
    }))
  })

  it("shows what it does in metrics, and takes them away at its end", () => {
    simulate((cluster) => Effect.gen(function*() {
      for (const name of ["a", "b", "c", "d"]) cluster.put(widgets, widget(name))
      const { fiber } = yield* observed((name): Effect.Effect<Result, unknown> =>
        name === "a" ? new TerminalError({ message: "no" }) : name === "b" ? Effect.as(Effect.sleep("10 seconds"), Result.done) : done)
      yield* Effect.sleep("1 second")
      const values = new Map((yield* Metric.snapshot).filter((it) => it.attributes?.["controller"] === "widgets")
        .map((it) => [[it.id, it.attributes?.["result"], it.attributes?.["priority"]].filter((it) => it !== undefined).join(" "), it.state]))
      expect(values.get("controller_runtime_reconcile_total success")).toMatchObject({ count: 2 })
      expect(values.get("controller_runtime_reconcile_total error")).toMatchObject({ count: 1 })
      expect(values.get("controller_runtime_terminal_reconcile_errors_total")).toMatchObject({ count: 1 })
      expect(values.get("controller_runtime_active_workers")).toEqual({ value: 1 })
      expect(values.get("workqueue_adds_total")).toMatchObject({ count: 4 })
      expect(values.get("workqueue_depth -100")).toEqual({ value: 0 })
      expect(values.get("workqueue_longest_running_processor_seconds")).toEqual({ value: 1 })
      expect(values.get("controller_runtime_reconcile_time_seconds")).toMatchObject({ count: 3, sum: 0 })
      yield* Fiber.interrupt(fiber)
      expect((yield* Metric.snapshot).filter((it) => it.attributes?.["controller"] === "widgets")).toEqual([])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
  })

  it("says how it is", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a"))
      cluster.put(widgets, widget("b"))
      cluster.rule = (verb) => (verb === "list" ? { hang: true } : undefined)
      yield* observed(() => Effect.uninterruptible(Effect.never), { workers: 1, timeout: "1 minute" })
      yield* Effect.sleep("1 second")
      expect(yield* Health.ready).toEqual({
        ok: false,
        lines: ["[-]informer widgets failed: the first list has not come", "[-]controller widgets failed: waiting for the first list of widgets"]
      })
      cluster.rule = () => undefined
      yield* Effect.sleep("70 seconds")
      expect(yield* Health.ready).toMatchObject({ ok: true })
      expect(yield* Health.live).toMatchObject({ ok: true })
      yield* Effect.sleep("2 minutes")
      expect(yield* Health.live).toEqual({
        ok: false, lines: ["[+]informer widgets ok", "[-]controller widgets failed: 2 reconciles do not react to their interruption"]
      })
    }).pipe(Effect.provide(Health.layer)))
  })
})

describe("sources", () => {
  it("owned wakes the owner, and the old owner when it changes", () => {
    simulate((cluster) => Effect.gen(function*() {
      const partInformer = yield* Informer.make({ resource: parts })
      const [a, b] = [cluster.put(widgets, widget("a")), cluster.put(widgets, widget("b"))]
      const informer = yield* widgetInformer
      const { runs } = yield* observed(() => done, { sources: [Source.owned(partInformer, { group: "example.org", kind: "Widget" })] })
      yield* informer.synced
      cluster.put(parts, partOf(a, "part"))
      yield* Effect.sleep(10)
      cluster.put(parts, partOf(b, "part"))
      yield* Effect.sleep(10)
      cluster.put(parts, { ...partOf(b, "other"), metadata: { name: "other", namespace: "default", ownerReferences: [{ apiVersion: "other.org/v1", kind: "Widget", name: "x", uid: "", controller: true }] } })
      cluster.remove(parts, "default", "part")
      yield* Effect.sleep(10)
      expect(runs).toEqual(["a 0", "b 10", "a 10", "b 20"])
    }))
  })

  it("owned asks for an owner once when both states of an object have it", () => {
    simulate((cluster) => Effect.gen(function*() {
      const partInformer = yield* Informer.make({ resource: parts })
      const owner = cluster.put(widgets, widget("a"))
      const asked: Array<string> = []
      Source.owned(partInformer, { group: "example.org", kind: "Widget" }).start((_namespace, name) => void asked.push(name))
      yield* partInformer.synced
      for (const labels of [{}, { more: "1" }, { more: "2" }]) {
        cluster.put(parts, { ...partOf(owner, "part"), metadata: { ...partOf(owner, "part").metadata, labels } })
        yield* Effect.sleep(10)
      }
      expect(asked).toEqual(["a", "a", "a"])
    }))
  })

  it("mapped wakes whom the function names, for the old and the new state", () => {
    simulate((cluster) => Effect.gen(function*() {
      const partInformer = yield* Informer.make({ resource: parts })
      const { runs } = yield* observed(() => done, {
        sources: [Source.mapped(partInformer, (part) => [{ namespace: "default", name: part.metadata.labels?.["for"] ?? "nobody" }])]
      })
      yield* partInformer.synced
      cluster.put(parts, { metadata: { name: "p", namespace: "default", labels: { for: "a" } } })
      yield* Effect.sleep(10)
      cluster.put(parts, { metadata: { name: "p", namespace: "default", labels: { for: "b" } } })
      yield* Effect.sleep(10)
      expect(runs).toEqual(["a 0", "b 10", "a 10"])
    }))
  })

  it("predicates keep changes away that are not worth a reconcile", () => {
    simulate((cluster) => Effect.gen(function*() {
      const informer = yield* widgetInformer
      const { runs } = yield* observed(() => done, {
        sources: [Source.of(informer, { predicate: Predicate.or(Predicate.generationChanged, Predicate.labelsChanged) })]
      })
      yield* informer.synced
      for (const change of [{ generation: 1 }, { generation: 1 }, { generation: 2 }, { generation: 2, labels: { a: "b" } }, { generation: 2, labels: { a: "b" } }]) {
        cluster.put(widgets, widget("a", change))
        yield* Effect.sleep(10)
      }
      expect(runs).toEqual(["a 0", "a 20", "a 30"])
    }))
  })

  it("external and resync yield keys that no watch yields", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a"))
      const informer = yield* widgetInformer
      let trigger: (request: ReconcileRequest) => void = () => undefined
      const { runs } = yield* observed(() => done, {
        sources: [
          Source.resync(informer, "10 minutes"),
          Source.external((enqueue) => {
            trigger = enqueue
            return () => undefined
          })
        ]
      })
      yield* Effect.sleep(1000)
      trigger({ namespace: "default", name: "x" })
      yield* Effect.sleep("25 minutes")
      expect(runs).toEqual(["x 1000", "a 600000", "a 1200000"])
    }))
  })
})

describe("own writes", () => {
  it("hold a key back until the informer shows what it wrote", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a", {}, { spec: { size: 1 } }))
      const sizes: Array<number | undefined> = []
      const informer = yield* widgetInformer
      const { runs } = yield* observed((name) => Effect.gen(function*() {
        const client = yield* KubeClient
        sizes.push(informer.store.get("default", name)?.spec?.size)
        if (sizes.length === 1) yield* client.update(widgets, widget(name, {}, { spec: { size: 2 } }))
        return sizes.length === 1 ? Result.requeueAfter(100) : Result.done
      }), { sources: [Source.of(informer)] })
      yield* informer.synced
      cluster.frozen = true
      yield* Effect.sleep(3000)
      expect(runs).toEqual(["a 0"])
      cluster.thaw()
      yield* Effect.sleep(10)
      expect(runs).toEqual(["a 0", "a 3000"])
      expect(sizes).toEqual([1, 2])
    }).pipe(recording))
  })

  it("a client that records already is not wrapped again", () => {
    simulate(() => Effect.gen(function*() {
      const client = yield* KubeClient
      expect(OwnWrites.recording(client)).toBe(client)
    }).pipe(recording))
  })

  it("without a record the same key would run on what it has already changed", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a", {}, { spec: { size: 1 } }))
      const sizes: Array<number | undefined> = []
      const informer = yield* widgetInformer
      yield* observed((name) => Effect.gen(function*() {
        const client = yield* KubeClient
        sizes.push(informer.store.get("default", name)?.spec?.size)
        if (sizes.length === 1) yield* client.update(widgets, widget(name, {}, { spec: { size: 2 } }))
        return sizes.length === 1 ? Result.requeueAfter(100) : Result.done
      }), { sources: [Source.of(informer)] })
      yield* informer.synced
      cluster.frozen = true
      yield* Effect.sleep(3000)
      expect(sizes).toEqual([1, 1])
    }))
  })

  it("hold a key back for the objects that it owns, while other keys go on", () => {
    simulate((cluster) => Effect.gen(function*() {
      const owner = cluster.put(widgets, widget("a"))
      cluster.put(widgets, widget("b"))
      const partInformer = yield* Informer.make({ resource: parts })
      const informer = yield* widgetInformer
      const { runs } = yield* observed((name) => Effect.gen(function*() {
        const client = yield* KubeClient
        if (name === "a" && partInformer.store.get("default", "part") === undefined) yield* client.create(parts, partOf(owner, "part"))
        return Result.done
      }), { sources: [Source.of(informer), Source.owned(partInformer, { group: "example.org", kind: "Widget" })] })
      yield* Effect.all([informer.synced, partInformer.synced])
      cluster.frozen = true
      yield* Effect.sleep(100)
      for (const watcher of ["a", "b"]) cluster.send([{ type: "MODIFIED", object: { ...widget(watcher), metadata: { name: watcher, namespace: "default", resourceVersion: "103" } } }], widgets)
      yield* Effect.sleep(100)
      expect(runs).toEqual(["a 0", "b 0", "b 100"])
      cluster.thaw()
      yield* Effect.sleep(100)
      expect(runs).toEqual(["a 0", "b 0", "b 100", "a 200"])
      expect(cluster.writes()).toEqual(["create parts"])
    }).pipe(recording))
  })

  it("hold a key back for what it deleted", () => {
    simulate((cluster) => Effect.gen(function*() {
      const owner = cluster.put(widgets, widget("a"))
      cluster.put(parts, partOf(owner, "part"))
      const partInformer = yield* Informer.make({ resource: parts })
      const informer = yield* widgetInformer
      const { runs } = yield* observed(() => Effect.gen(function*() {
        const client = yield* KubeClient
        const part = partInformer.store.get("default", "part")
        if (part !== undefined) yield* client.delete(parts, { namespace: "default", name: "part" })
        return Result.requeueAfter(100)
      }), { sources: [Source.of(informer)], caches: [partInformer] })
      yield* Effect.all([informer.synced, partInformer.synced])
      cluster.frozen = true
      yield* Effect.sleep(1000)
      expect(runs).toEqual(["a 0"])
      cluster.thaw()
      yield* Effect.sleep(10)
      expect(runs).toEqual(["a 0", "a 1000"])
      expect(cluster.writes()).toEqual(["delete parts part"])
    }).pipe(recording))
  })

  it("are read from the server when no watch shows them in time", () => {
    simulate((cluster) => Effect.gen(function*() {
      cluster.put(widgets, widget("a", {}, { spec: { size: 1 } }))
      const sizes: Array<number | undefined> = []
      const informer = yield* widgetInformer
      const { runs } = yield* observed((name) => Effect.gen(function*() {
        const client = yield* KubeClient
        sizes.push(informer.store.get("default", name)?.spec?.size)
        if (sizes.length === 1) yield* client.update(widgets, widget(name, {}, { spec: { size: 2 } }))
        return sizes.length === 1 ? Result.requeueAfter(100) : Result.done
      }), { sources: [Source.of(informer)] })
      yield* informer.synced
      cluster.frozen = true
      cluster.rule = (verb) => (verb === "list" && cluster.requests.filter((it) => it === "list widgets").length < 5 ? { before: new Broken({ message: "down" }) as never } : undefined)
      yield* Effect.sleep("30 seconds")
      expect(sizes.slice(1)).not.toContain(1)
      expect(runs.slice(0, 2)).toEqual(["a 0", "a 10015"])
    }).pipe(recording))
  })
})

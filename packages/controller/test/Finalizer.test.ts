import { Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { KubeClient, type KubeObject } from "@fairlead/kube"
import { Controller, Finalizer, Informer, OwnerReferences, Result, Source } from "../src/index.ts"
import { partOf, recording, simulate, widget, type Widget, widgets } from "./support/objects.ts"

const name = "example.org/cleanup"

/** One reconcile of the stored object, and what was called with which finalizers. */
const reconcileOnce = (object: Widget, calls: Array<string>, cleanup: Result = Result.done) =>
  Finalizer.run({
    resource: widgets,
    finalizer: name,
    object,
    apply: (it) => Effect.sync(() => {
      calls.push(`apply ${it.metadata.finalizers?.join(" ")}`)
      return Result.requeueAfter(1)
    }),
    cleanup: () => Effect.sync(() => {
      calls.push("cleanup")
      return cleanup
    })
  })

const dying = { deletionTimestamp: "2026-01-01T00:00:00Z" }

describe("run", () => {
  it.each([
    ["adds the finalizer before apply", {}, [`apply ${name}`], [name]],
    ["adds the finalizer behind those of others", { finalizers: ["other.org/x"] }, [`apply other.org/x ${name}`], ["other.org/x", name]],
    ["calls apply alone when the finalizer is there", { finalizers: [name] }, [`apply ${name}`], [name]],
    ["removes its own finalizer after cleanup, and no other", { ...dying, finalizers: ["a.org/a", name, "b.org/b"] }, ["cleanup"], ["a.org/a", "b.org/b"]],
    ["has nothing to do for a dying object without its finalizer", { ...dying, finalizers: ["a.org/a"] }, [], ["a.org/a"]]
  ])("%s", (_, metadata, calls, finalizers) => {
    simulate((cluster) => Effect.gen(function*() {
      const stored = cluster.put(widgets, widget("w", metadata))
      const seen: Array<string> = []
      yield* reconcileOnce(stored, seen)
      expect(seen).toEqual(calls)
      expect(cluster.find(widgets, "default", "w")?.metadata.finalizers).toEqual(finalizers)
    }))
  })

  it("lets the object go when its was the last finalizer", () => {
    simulate((cluster) => Effect.gen(function*() {
      const stored = cluster.put(widgets, widget("w", { ...dying, finalizers: [name] }))
      expect(yield* reconcileOnce(stored, [])).toEqual(Result.done)
      expect(cluster.find(widgets, "default", "w")).toBeUndefined()
    }))
  })

  it("keeps the finalizer while cleanup asks to be called again", () => {
    simulate((cluster) => Effect.gen(function*() {
      const stored = cluster.put(widgets, widget("w", { ...dying, finalizers: [name] }))
      expect(yield* reconcileOnce(stored, [], Result.requeueAfter("5 seconds"))).toEqual({ requeueAfter: 5000 })
      expect(cluster.writes()).toEqual([])
    }))
  })

  it("keeps the finalizer when cleanup fails", () => {
    simulate((cluster) => Effect.gen(function*() {
      const stored = cluster.put(widgets, widget("w", { ...dying, finalizers: [name] }))
      const exit = yield* Effect.exit(Finalizer.run({ resource: widgets, finalizer: name, object: stored, apply: () => Effect.die("no"), cleanup: () => Effect.fail("not yet") }))
      expect(Exit.isFailure(exit)).toBe(true)
      expect(cluster.writes()).toEqual([])
    }))
  })

  it.each([
    ["others have changed the list", (it: KubeObject) => ({ ...it, metadata: { ...it.metadata, finalizers: ["late.org/x"] } })],
    ["a namesake has taken its place", (it: KubeObject) => ({ ...it, metadata: { ...it.metadata, uid: "another" } })]
  ])("does not apply to an outdated object: %s", (_, change) => {
    simulate((cluster) => Effect.gen(function*() {
      const old = cluster.put(widgets, widget("w"))
      const now = cluster.put(widgets, change(old))
      const calls: Array<string> = []
      const exit = yield* Effect.exit(reconcileOnce(old, calls))
      expect(String(Exit.isFailure(exit) && exit.cause)).toContain("Invalid")
      expect(calls).toEqual([])
      expect(cluster.find(widgets, "default", "w")).toBe(now)
    }))
  })

  it("is content when the object went away during cleanup", () => {
    simulate((cluster) => Effect.gen(function*() {
      const stored = cluster.put(widgets, widget("w", { ...dying, finalizers: [name] }))
      cluster.remove(widgets, "default", "w")
      expect(yield* reconcileOnce(stored, [])).toEqual(Result.done)
    }))
  })

  it("in a controller takes an object from its creation to its end, with two writes", () => {
    simulate((cluster) => Effect.gen(function*() {
      const informer = yield* Informer.make<Widget>({ resource: widgets })
      const calls: Array<string> = []
      yield* Effect.forkScoped(Controller.run({
        name: "widgets",
        sources: [Source.of(informer)],
        reconcile: (request) => {
          const object = informer.store.get(request.namespace, request.name)
          return object === undefined ? Effect.succeed(Result.done) : Effect.as(reconcileOnce(object, calls), Result.done)
        }
      }))
      cluster.put(widgets, widget("w"))
      yield* Effect.sleep(100)
      const client = yield* KubeClient
      yield* client.delete(widgets, { namespace: "default", name: "w" })
      yield* Effect.sleep(100)
      expect(cluster.all(widgets)).toEqual([])
      expect(calls.at(-1)).toBe("cleanup")
      expect(cluster.writes()).toEqual(["patch widgets w", "delete widgets w", "patch widgets w"])
    }).pipe(recording))
  })
})

describe("OwnerReferences", () => {
  const owner = widget("w", { uid: "u1" })

  it("to names the owner as controller unless told otherwise", () => {
    const reference = { apiVersion: "example.org/v1", kind: "Widget", name: "w", uid: "u1", controller: true, blockOwnerDeletion: true }
    expect(OwnerReferences.to(widgets, owner)).toEqual(reference)
    expect(OwnerReferences.to(widgets, owner, { controller: false, blockOwnerDeletion: false })).toEqual({ ...reference, controller: false, blockOwnerDeletion: false })
  })

  it("to refuses an owner that was never stored", () => {
    expect(() => OwnerReferences.to(widgets, widget("w"))).toThrow("an owner must be an object that the server has stored")
  })

  it("isOwnedBy tells namesakes apart by uid", () => {
    const part = partOf(owner, "p")
    expect(OwnerReferences.controllerOf(part)?.name).toBe("w")
    expect(OwnerReferences.isOwnedBy(part, owner)).toBe(true)
    expect(OwnerReferences.isOwnedBy(part, widget("w", { uid: "u2" }))).toBe(false)
  })
})

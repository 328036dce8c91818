/** A store of files that rules make fail. */
import { Datastore, DatastoreError, type DatastoreService } from "@fairlead/datastore"
import { Effect, Layer, Stream } from "effect"
import type { FaultRules, FileCall } from "./Faults.ts"

/** Puts the rules in front of the store of the environment. */
export const layer = (rules: Pick<FaultRules, "files">): Layer.Layer<Datastore, never, Datastore> =>
  Layer.effect(Datastore, Effect.map(Datastore, (inner) => Datastore.of(faulty(inner, rules))))

const faulty = (inner: DatastoreService, { files }: Pick<FaultRules, "files">): DatastoreService => {
  const judged = <A, E, R>(method: FileCall, uri: string, call: Effect.Effect<A, E, R>): Effect.Effect<A, E | DatastoreError, R> =>
    Effect.suspend((): Effect.Effect<A, E | DatastoreError, R> => {
      const verdict = files.judge(method)
      const failed = (description: string) => Effect.fail(new DatastoreError({ method, uri, reason: { _tag: "Unavailable", description } }))
      switch (verdict._tag) {
        case "Pass":
          return call
        case "Delay":
          return Effect.andThen(Effect.sleep(verdict.duration), call)
        case "Fail":
          return failed(verdict.failure)
        case "Drop":
          return verdict.lost === "Request" ? failed("no answer came") : Effect.andThen(Effect.exit(call), failed("no answer came"))
      }
    })
  return {
    ...inner,
    head: (uri) => judged("head", uri, inner.head(uri)),
    read: (uri, options) => judged("read", uri, inner.read(uri, options)),
    find: (uri, options) => judged("read", uri, inner.find(uri, options)),
    readStream: (uri) => Stream.unwrap(judged("readStream", uri, Effect.succeed(inner.readStream(uri)))),
    write: (uri, bytes) => judged("write", uri, inner.write(uri, bytes)),
    writeStream: (uri, bytes) => judged("writeStream", uri, inner.writeStream(uri, bytes)),
    list: (folder) => judged("list", folder, inner.list(folder)),
    copy: (from, to) => judged("copy", from, inner.copy(from, to)),
    delete: (uri) => judged("delete", uri, inner.delete(uri))
  }
}

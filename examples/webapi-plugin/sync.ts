/** A plugin for a service that answers with the result: it says how many words a text has. */
import { Literals, LiteralValues, Phase } from "@fairlead/core"
import { type PluginEntry, syncPlugin, type SyncPlugin, WebApiError } from "@fairlead/webapi-runtime"
import { Effect } from "effect"

/** Counts words by asking `count`, which may take its time: other tasks go on meanwhile. */
export const wordsPlugin = (count: (text: string, key: string) => Promise<number>): SyncPlugin => ({
  config: () => ({ timeouts: { do: "1 minute" } }),
  do: ({ inputs, key }) => Effect.gen(function*() {
    const { text } = LiteralValues.mapToValue(yield* Effect.mapError(inputs, (error) => new WebApiError({ fault: "Unavailable", description: error.message })))
    if (typeof text !== "string") return yield* new WebApiError({ fault: "Rejected", description: "there is no text to count words of" })
    const words = yield* Effect.tryPromise({
      try: () => count(text, key),
      catch: (error) => new WebApiError({ fault: "Unknown", description: String(error) })
    })
    return { phase: Phase.success(), outputs: Literals.literalMap({ words: Literals.integer(words) }) }
  })
})

/** Ready to be registered. */
export const wordsEntry = (count: (text: string, key: string) => Promise<number>): PluginEntry => ({
  id: "words",
  supportedTaskTypes: ["words"],
  load: () => Effect.succeed(syncPlugin(wordsPlugin(count)))
})

/** What every `KubeTransport` must do, whichever server is behind it. */
import { layer } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { KubeClient } from "../KubeClient.ts"
import type { KubeTransport } from "../KubeTransport.ts"
import { listTests, objectTests } from "./ReadTests.ts"
import { Patience } from "./SuiteSupport.ts"
import { watchEndTests, watchSelectionTests, watchTests } from "./WatchTests.ts"
import { deleteTests, patchTests, updateTests } from "./WriteTests.ts"

/** What differs between servers. */
export interface KubeTransportSuiteOptions {
  /** Tests that cannot run, by name, each with the reason. */
  readonly skip?: { readonly [test: string]: string } | undefined
  /** Real time that the server gets to start and to bring an event; five seconds if not given. */
  readonly patience?: Duration.Input | undefined
}

/**
 * Registers the tests. They work on config maps and pods in namespaces that they make and delete, so they run against
 * an empty server and a real cluster alike. They use the real clock, but only to give up on events that do not come.
 */
export const suite = <E>(name: string, transport: Layer.Layer<KubeTransport, E>, options: KubeTransportSuiteOptions = {}): void => {
  const patience = Duration.fromInputUnsafe(options.patience ?? "5 seconds")
  const skip = new Map(Object.entries(options.skip ?? {}))
  const tests = [
    ...objectTests, ...listTests, ...updateTests, ...patchTests, ...deleteTests, ...watchTests, ...watchSelectionTests, ...watchEndTests
  ]
  const unknown = [...skip.keys()].filter((skipped) => !tests.some((test) => test.name === skipped))
  if (unknown.length > 0) throw new Error(`the suite has no test named ${unknown.map((skipped) => JSON.stringify(skipped)).join(", ")}`)
  layer(Layer.provideMerge(KubeClient.layer, transport), { excludeTestServices: true, timeout: patience })(`KubeTransport (${name})`, (it) => {
    for (const test of tests) {
      const reason = skip.get(test.name)
      const body = Effect.provideService(test.body, Patience, patience)
      if (reason === undefined) it.effect(test.name, () => body, Duration.toMillis(patience) * 2)
      else it.effect.skip(`${test.name} (skipped: ${reason})`, () => body)
    }
  })
}

/** Something that is opened by the first who needs it. */
import { Effect, Semaphore } from "effect"

/** Runs an effect until it has succeeded once, then remembers; callers meanwhile wait for the one that runs it. After a failure the next caller tries again. */
export const once = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  const semaphore = Semaphore.makeUnsafe(1)
  let remembered: { readonly value: A } | undefined
  const known = (): Effect.Effect<A> | undefined => (remembered === undefined ? undefined : Effect.succeed(remembered.value))
  const open = Effect.suspend(() => known() ?? Effect.tap(effect, (value) => Effect.sync(() => void (remembered = { value }))))
  return Effect.suspend(() => known() ?? semaphore.withPermits(1)(open))
}

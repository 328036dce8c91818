/** What runs when a container starts: an image name stands for a function. */
import type { PodRuntimeFunction } from "@fairlead/fake-cluster"
import { Effect } from "effect"

/** Programs of the tasks below. Whatever they log is the log of their container. */
export const images: { readonly [image: string]: PodRuntimeFunction.ContainerProgram } = {
  "count-words": Effect.fnUntraced(function*({ args, log }) {
    yield* log(`${args.join(" ").split(/\s+/).length} words`)
  }),
  // Exit code 1 in the first attempt: the engine starts another pod.
  "flaky-upload": Effect.fnUntraced(function*({ log, pod }) {
    const attempt = Number(pod.metadata.labels?.["attempt"] ?? "1")
    yield* log(`attempt ${attempt}`)
    return attempt === 1 ? 1 : 0
  }),
  "never-works": ({ log }) => Effect.as(log("the disk is on fire"), 3)
}

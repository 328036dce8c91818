import { expect, it } from "@effect/vitest"
import type { TaskAction } from "@fairlead/core"
import type { ContainerEvent, PodRuntime, PodSandbox, PodSources } from "@fairlead/fake-cluster"
import type { Container, Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { RunPods } from "../../src/run/RunPods.ts"

const action = { metadata: { name: "task", namespace: "space" } } as TaskAction.TaskAction
const sources = {} as PodSources
const main: Container = { name: "main" }
const side: Container = { name: "side" }

const podOf = (name: string, annotations: Record<string, string> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "space", annotations, ownerReferences: [{ apiVersion: "flyte.org/v1", kind: "TaskAction", name: "task", uid: "u" }] },
  spec: { containers: [main, side] }
})

/** A runtime whose containers write their pod's and their own name, and end with `exitCode` as soon as they are started. */
const runtimeThatEndsWith = (exitCode: number): PodRuntime => ({
  name: "canned",
  open: (pod) =>
    Effect.succeed<PodSandbox>({
      ip: "",
      start: (_container, _run, report: (event: ContainerEvent) => void) => Effect.sync(() => report({ _tag: "Exited", exitCode })),
      stop: () => Effect.void,
      logs: ({ container, tailLines }) => Effect.succeed(["one", "", `${pod.metadata.name}/${container}`].slice(-(tailLines ?? 0)).join("\n")),
      logFrom: () => ({ text: "", position: 0 }),
      close: Effect.void
    })
})

it.effect("the log is that of the newest pod's own container, without empty lines", () =>
  Effect.gen(function*() {
    const pods = RunPods.make()
    const runtime = pods.follow(runtimeThatEndsWith(0))
    yield* runtime.open(podOf("first"), sources)
    yield* runtime.open(podOf("second"), sources)
    expect(yield* pods.log(action, 20)).toEqual(["one", "second/main"])
    expect(yield* pods.log(action, 1)).toEqual(["second/main"])
    yield* runtime.open(podOf("third", { primary_container_name: "side" }), sources)
    expect(yield* pods.log(action, 1)).toEqual(["third/side"])
    expect(yield* pods.log({ ...action, metadata: { ...action.metadata, name: "other" } }, 1)).toEqual([])
  }))

it.effect("a line of megabytes is not told whole", () =>
  Effect.gen(function*() {
    const pods = RunPods.make()
    yield* pods.follow(runtimeThatEndsWith(1)).open(podOf("x".repeat(3_000_000)), sources)
    expect((yield* pods.log(action, 20)).map((line) => line.length)).toEqual([3, 2000])
  }))

const endOf = Effect.fnUntraced(function*(exitCode: number, stopped: Container | undefined, ended: Container) {
  const pods = RunPods.make()
  const sandbox = yield* pods.follow(runtimeThatEndsWith(exitCode)).open(podOf("pod"), sources)
  if (stopped !== undefined) yield* sandbox.stop(stopped.name, 1)
  const events: Array<ContainerEvent> = []
  yield* sandbox.start(ended, 0, (event) => events.push(event))
  expect(events).toEqual([{ _tag: "Exited", exitCode }])
  return pods.wasKilled(action)
})

it.effect("wasKilled means that the task was asked to end, did not, and was killed", () =>
  Effect.gen(function*() {
    expect(yield* endOf(137, main, main)).toBe(true)
    expect(yield* endOf(143, main, main)).toBe(false)
    expect(yield* endOf(137, undefined, main)).toBe(false)
    expect(yield* endOf(137, side, side)).toBe(false)
  }))

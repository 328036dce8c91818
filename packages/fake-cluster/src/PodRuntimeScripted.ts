/** Pods whose containers follow a script: phases and times given as data, for simulations. */
import type { Container, Pod } from "@fairlead/kube"
import { Clock, Context, Duration, Effect, Result, Schema } from "effect"
import { isSidecar } from "./internal/podRecord.ts"
import { RunLogs } from "./internal/logText.ts"
import { fromContext, type Schedule } from "./internal/timers.ts"
import { type ActionOutcome, type ActionPurpose, type ContainerEvent, type LogOptions, type LogPiece, type PodRuntime, type PodSandbox, StartFailed } from "./PodRuntime.ts"

/** One run of a container. Times are those of `effect/Duration`: milliseconds, or texts such as `"5 seconds"`. */
export interface ContainerScript {
  /** From the start to the moment that the container runs: pulling the image. At once if left out. */
  readonly start?: Duration.Input | undefined
  /** The start fails with this instead, as `ErrImagePull` does. */
  readonly startFailure?: { readonly reason: string; readonly message?: string | undefined } | undefined
  /** How long the container runs; `"forever"` until it is stopped. */
  readonly run?: Duration.Input | "forever" | undefined
  readonly exitCode?: number | undefined
  /** `OOMKilled` and the like. */
  readonly reason?: string | undefined
  /** Termination message. */
  readonly message?: string | undefined
  readonly log?: string | undefined
  /** From SIGTERM to the exit; a container that takes longer than its grace period is killed. At once if left out. */
  readonly stop?: Duration.Input | undefined
  /** Exit code after SIGTERM; 143 if left out, 0 for sidecars. */
  readonly stopExitCode?: number | undefined
  /** How long after its start the container answers its startup probe; at once if left out. */
  readonly startup?: Duration.Input | "never" | undefined
  /** How long after its start it answers its readiness probe; at once if left out. */
  readonly ready?: Duration.Input | "never" | undefined
  /** How long after its start it stops answering its liveness and readiness probes; never if left out. */
  readonly alive?: Duration.Input | undefined
  /** How long its hooks take; no time if left out. */
  readonly hook?: Duration.Input | undefined
}

/** What the containers of one pod do. A list holds one script for each run; the last one counts for all further runs. */
export interface PodScript {
  readonly containers?: { readonly [name: string]: ContainerScript | ReadonlyArray<ContainerScript> } | undefined
  /** For main and init containers that are not named. Sidecars that are not named run until they are stopped. */
  readonly default?: ContainerScript | undefined
}

/** How to set the runtime up. */
export interface PodRuntimeScriptedOptions {
  /** The script of a pod; the pod's annotation wins, and `default` counts where both are absent. */
  readonly script?: ((pod: Pod) => PodScript | undefined) | undefined
  /** One second and exit code 0 if left out. */
  readonly default?: ContainerScript | undefined
}

/** Annotation of a pod that holds its `PodScript` as JSON. */
export const scriptAnnotation = "fairlead.dev/script"

/** Makes a runtime that costs a few microseconds and one timer for each step of a script. */
export const make = (options: PodRuntimeScriptedOptions = {}): PodRuntime => {
  // A sandbox stays for as long as its pod. With one timekeeper for each clock it does not keep what went on while it was opened.
  const timekeepers = new WeakMap<Clock.Clock, Timekeeper>()
  const timekeeperOf = (context: Context.Context<never>): Timekeeper => {
    const clock = Context.get(context, Clock.Clock)
    let found = timekeepers.get(clock)
    if (found === undefined) {
      found = { schedule: fromContext(context), now: () => clock.currentTimeMillisUnsafe() }
      timekeepers.set(clock, found)
    }
    return found
  }
  return {
    name: "scripted",
    open: (pod) =>
      Effect.flatMapEager(scriptOf(pod, options), (script) =>
        Effect.contextWith((context) => Effect.succeed<PodSandbox>(new ScriptedSandbox(pod, script, options.default ?? {}, timekeeperOf(context)))))
  }
}

interface Timekeeper {
  readonly schedule: Schedule
  readonly now: () => number
}

const Time = Schema.Union([Schema.Finite, Schema.String])
const ContainerScriptSchema = Schema.Struct({
  start: Schema.optionalKey(Time),
  startFailure: Schema.optionalKey(Schema.Struct({ reason: Schema.String, message: Schema.optionalKey(Schema.String) })),
  run: Schema.optionalKey(Time),
  exitCode: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String),
  log: Schema.optionalKey(Schema.String),
  stop: Schema.optionalKey(Time),
  stopExitCode: Schema.optionalKey(Schema.Int),
  startup: Schema.optionalKey(Time),
  ready: Schema.optionalKey(Time),
  alive: Schema.optionalKey(Time),
  hook: Schema.optionalKey(Time)
})
const PodScriptSchema = Schema.Struct({
  containers: Schema.optionalKey(Schema.Record(Schema.String, Schema.Union([ContainerScriptSchema, Schema.Array(ContainerScriptSchema)]))),
  default: Schema.optionalKey(ContainerScriptSchema)
})
const decodeScript = Schema.decodeUnknownResult(Schema.fromJsonString(PodScriptSchema))

const scriptOf = (pod: Pod, options: PodRuntimeScriptedOptions): Effect.Effect<PodScript, StartFailed> => {
  const text = pod.metadata.annotations?.[scriptAnnotation]
  if (text === undefined) return Effect.succeed(options.script?.(pod) ?? {})
  return Result.match(decodeScript(text), {
    onSuccess: (script) => Effect.succeed(script as PodScript),
    onFailure: (issue) =>
      Effect.fail(new StartFailed({ reason: "FailedMount", description: `annotation ${scriptAnnotation} is not a script: ${issue}` }))
  })
}

interface ScriptedContainer {
  readonly script: ContainerScript
  readonly isSidecar: boolean
  readonly report: (event: ContainerEvent) => void
  startedAt: number
  cancel: () => void
  cancelKill: () => void
}

class ScriptedSandbox implements PodSandbox {
  readonly ip: string
  readonly #containers = new Map<string, ScriptedContainer>()
  readonly #logs = new RunLogs()
  readonly #podUid: string
  readonly #script: PodScript
  readonly #default: ContainerScript
  readonly #time: Timekeeper

  constructor(pod: Pod, script: PodScript, byDefault: ContainerScript, time: Timekeeper) {
    this.#podUid = pod.metadata.uid ?? ""
    this.#script = script
    this.#default = byDefault
    this.#time = time
    this.ip = podIp(pod.metadata.uid ?? pod.metadata.name ?? "")
  }

  start(container: Container, run: number, report: (event: ContainerEvent) => void): Effect.Effect<void, StartFailed> {
    return Effect.suspend(() => {
      const script = this.#scriptOf(container, run)
      const start = millis(script.start, 0)
      const failure = script.startFailure
      const running: ScriptedContainer = { script, isSidecar: isSidecar(container), report, startedAt: 0, cancel: () => {}, cancelKill: () => {} }
      this.#containers.set(container.name, running)
      const begin = (): void => {
        if (failure === undefined) this.#begin(container, run, running)
        else this.#fail(container.name, running, failure)
      }
      if (start === 0) begin()
      else running.cancel = this.#time.schedule(start, begin)
      return Effect.void
    })
  }

  #begin(container: Container, restart: number, running: ScriptedContainer): void {
    const { script } = running
    running.startedAt = this.#time.now()
    this.#logs.begin(container.name, restart, script.log ?? "")
    // Joined: docs/HACKING.md says why.
    running.report({ _tag: "Started", containerId: ["scripted://", this.#podUid, ".", container.name, ".", restart].join("") })
    const time = script.run ?? (running.isSidecar ? "forever" : 1000)
    const run = time === "forever" ? Infinity : millis(time, 0)
    const exit = (): void => this.#exit(container.name, running, script.exitCode ?? 0, script)
    if (run <= 0) exit()
    else running.cancel = this.#time.schedule(run, exit)
  }

  #fail(name: string, running: ScriptedContainer, failure: { readonly reason: string; readonly message?: string | undefined }): void {
    this.#containers.delete(name)
    running.report({ _tag: "Waiting", reason: failure.reason, message: failure.message ?? failure.reason })
  }

  #exit(name: string, running: ScriptedContainer, exitCode: number, more: { reason?: string | undefined; message?: string | undefined }): void {
    if (this.#containers.get(name) !== running) return
    this.#containers.delete(name)
    running.cancel()
    running.cancelKill()
    running.report({ _tag: "Exited", exitCode, reason: more.reason, message: more.message })
  }

  act(container: Container, purpose: ActionPurpose): Effect.Effect<ActionOutcome> {
    return Effect.suspend(() => {
      const running = this.#containers.get(container.name)
      if (running === undefined) return Effect.succeed({ succeeded: false, output: "container is not running" })
      if (purpose === "preStop" || purpose === "postStart") return Effect.as(Effect.sleep(millis(running.script.hook, 0)), { succeeded: true, output: "" })
      return Effect.succeed(answerOf(running.script, purpose, this.#time.now() - running.startedAt))
    })
  }

  stop(name: string, graceSeconds: number): Effect.Effect<void> {
    return Effect.sync(() => {
      const running = this.#containers.get(name)
      if (running === undefined) return
      const { script } = running
      const stop = millis(script.stop, 0)
      running.cancel()
      running.cancelKill()
      if (stop <= graceSeconds * 1000) {
        const code = script.stopExitCode ?? (running.isSidecar ? 0 : 143)
        running.cancelKill = this.#time.schedule(stop, () => this.#exit(name, running, code, {}))
      } else {
        running.cancelKill = this.#time.schedule(graceSeconds * 1000, () => this.#exit(name, running, 137, {}))
      }
    })
  }

  logs(options: LogOptions): Effect.Effect<string | undefined> {
    return Effect.sync(() => this.#logs.cut(options))
  }

  logFrom(container: string, run: number, position: number): LogPiece {
    return this.#logs.from(container, run, position)
  }

  get close(): Effect.Effect<void> {
    return Effect.sync(() => {
      for (const running of this.#containers.values()) {
        running.cancel()
        running.cancelKill()
      }
      this.#containers.clear()
    })
  }

  #scriptOf(container: Container, run: number): ContainerScript {
    const named = this.#script.containers?.[container.name]
    if (named === undefined) return isSidecar(container) ? {} : (this.#script.default ?? this.#default)
    return "length" in named ? (named[Math.min(run, named.length - 1)] ?? {}) : named
  }
}

/** What the script says to a probe so long after the start. */
const answerOf = ({ alive, ready, startup }: ContainerScript, purpose: "startup" | "readiness" | "liveness", age: number): ActionOutcome => {
  const from = purpose === "startup" ? startup : purpose === "readiness" ? ready : undefined
  const isDead = purpose !== "startup" && alive !== undefined && age >= millis(alive, 0)
  const isEarly = from === "never" || (from !== undefined && age < millis(from, 0))
  return isDead || isEarly ? { succeeded: false, output: "HTTP probe failed with statuscode: 503" } : { succeeded: true, output: "" }
}

const millis = (time: Duration.Input | undefined, otherwise: number): number =>
  time === undefined ? otherwise : typeof time === "number" ? time : Duration.toMillis(time)

/** An address in 10.128.0.0/9 that follows from the pod's uid. */
export const podIp = (uid: string): string => {
  let hash = 0x811c9dc5
  for (let i = 0; i < uid.length; i++) hash = Math.imul(hash ^ uid.charCodeAt(i), 0x01000193)
  return [10, 128 + ((hash >>> 16) & 127), (hash >>> 8) & 255, 1 + ((hash & 255) % 254)].join(".")
}

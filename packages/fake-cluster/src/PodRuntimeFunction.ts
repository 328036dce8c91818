/** Pods whose containers are functions: an image name stands for an Effect program. */
import type { Container, Pod, VolumeMount } from "@fairlead/kube"
import { Cause, type Context, Effect, Exit, type Fiber, Latch } from "effect"
import { isSidecar } from "./internal/podRecord.ts"
import { fallbackMessage, RunLogs } from "./internal/logText.ts"
import { MemoryFiles, MemoryVolume } from "./internal/memoryFiles.ts"
import { fromContext, type Schedule } from "./internal/timers.ts"
import { type ContainerCommand, type ContainerEvent, type LogOptions, type LogPiece, type PodRuntime, type PodSandbox, type PodSources, StartFailed } from "./PodRuntime.ts"
import { podIp } from "./PodRuntimeScripted.ts"

/** Files as a container sees them: volumes under their mount paths, and a private rest. Folders exist by their files. */
export interface ContainerFiles {
  /** `undefined` when there is no such file. */
  readonly read: (path: string) => Uint8Array | undefined
  readonly readText: (path: string) => string | undefined
  /** Replaces the file; a file on a read-only mount is left as it is, and the answer is `false`. */
  readonly write: (path: string, content: Uint8Array | string) => boolean
  /** Paths of all files below a folder, in order. */
  readonly list: (folder: string) => ReadonlyArray<string>
}

/** What a program gets. */
export interface ContainerInput extends ContainerCommand {
  readonly pod: Pod
  readonly container: Container
  /** 0 for the first run, then one more for each restart. */
  readonly run: number
  readonly files: ContainerFiles
  /** Appends lines to the log. */
  readonly log: (text: string) => Effect.Effect<void>
  /** Done once the container is asked to end; only for programs that handle it themselves. */
  readonly stopping: Effect.Effect<void>
}

/** How a program ended: an exit code, or more. Nothing means 0. A failure is exit code 1 and a line in the log. */
export type ContainerOutcome = number | void | { readonly exitCode: number; readonly reason?: string; readonly message?: string }

/** What runs for an image. */
export type ContainerProgram = (input: ContainerInput) => Effect.Effect<ContainerOutcome, unknown>

/** A program that is not interrupted at SIGTERM, but waits for `stopping` and ends within its grace period. */
export interface GracefulProgram {
  readonly program: ContainerProgram
  readonly handlesStop: true
}

/** How to set the runtime up. */
export interface PodRuntimeFunctionOptions {
  /** Programs by image name. Other images cannot be pulled. */
  readonly images: { readonly [image: string]: ContainerProgram | GracefulProgram }
}

/** Makes a runtime over programs. They run on the clock, the random numbers and the scheduler of the cluster. */
export const make = (options: PodRuntimeFunctionOptions): PodRuntime => {
  const claims = new Map<string, MemoryVolume>()
  return {
    name: "function",
    open: (pod, sources) => Effect.contextWith((context) => openSandbox(pod, sources, options, claims, context))
  }
}

const openSandbox = Effect.fnUntraced(function*(
  pod: Pod,
  sources: PodSources,
  options: PodRuntimeFunctionOptions,
  claims: Map<string, MemoryVolume>,
  context: Context.Context<never>
): Effect.fn.Return<PodSandbox, StartFailed> {
  const volumes = new Map<string, MemoryVolume>()
  for (const volume of pod.spec?.volumes ?? []) {
    const content = yield* sources.volume(volume)
    volumes.set(volume.name, content._tag === "Empty" || content._tag === "Files" ? MemoryVolume.of(content) : sharedVolume(claims, content))
  }
  return new FunctionSandbox(pod, sources, options, volumes, context)
})

const sharedVolume = (claims: Map<string, MemoryVolume>, content: { _tag: "Host"; path: string } | { _tag: "Claim"; name: string }): MemoryVolume => {
  const key = content._tag === "Host" ? `host ${content.path}` : `claim ${content.name}`
  const volume = claims.get(key) ?? new MemoryVolume()
  claims.set(key, volume)
  return volume
}

interface RunningProgram {
  readonly fiber: Fiber.Fiber<ContainerOutcome, unknown>
  readonly stopping: Latch.Latch
  readonly handlesStop: boolean
  /** Exit code once it was interrupted on purpose. */
  killed: number | undefined
  cancelKill: () => void
}

class FunctionSandbox implements PodSandbox {
  readonly ip: string
  readonly #running = new Map<string, RunningProgram>()
  readonly #logs = new RunLogs()
  readonly #pod: Pod
  readonly #sources: PodSources
  readonly #options: PodRuntimeFunctionOptions
  readonly #volumes: ReadonlyMap<string, MemoryVolume>
  readonly #context: Context.Context<never>
  readonly #schedule: Schedule

  constructor(
    pod: Pod,
    sources: PodSources,
    options: PodRuntimeFunctionOptions,
    volumes: ReadonlyMap<string, MemoryVolume>,
    context: Context.Context<never>
  ) {
    this.#pod = pod
    this.#sources = sources
    this.#options = options
    this.#volumes = volumes
    this.#context = context
    this.#schedule = fromContext(context)
    this.ip = podIp(pod.metadata.uid ?? pod.metadata.name ?? "")
  }

  start(container: Container, run: number, report: (event: ContainerEvent) => void): Effect.Effect<void, StartFailed> {
    const image = container.image ?? ""
    const found = Object.hasOwn(this.#options.images, image) ? this.#options.images[image] : undefined
    if (found === undefined) {
      return new StartFailed({ reason: "ErrImagePull", description: `failed to pull and unpack image "${image}": not found` })
    }
    return Effect.map(this.#sources.command(container), (command) => {
      const { handlesStop, program } = typeof found === "function" ? { program: found, handlesStop: false } : found
      report({ _tag: "Started", containerId: `function://${this.#pod.metadata.uid ?? ""}.${container.name}.${run}` })
      this.#launch(container, run, command, program, handlesStop, report)
    })
  }

  #launch(
    container: Container,
    run: number,
    command: ContainerCommand,
    program: ContainerProgram,
    handlesStop: boolean,
    report: (event: ContainerEvent) => void
  ): void {
    const { name } = container
    this.#logs.begin(name, run, "")
    const write = (text: string): void => this.#logs.append(name, run, text.endsWith("\n") ? text : `${text}\n`)
    const stopping = Latch.makeUnsafe()
    const input: ContainerInput = {
      ...command,
      pod: this.#pod,
      container,
      run,
      files: new MemoryFiles(this.#volumes, container.volumeMounts ?? ([] as ReadonlyArray<VolumeMount>)),
      log: (text) => Effect.sync(() => write(text)),
      stopping: stopping.await
    }
    const fiber = Effect.runForkWith(this.#context)(Effect.suspend(() => program(input)))
    const running: RunningProgram = { fiber, stopping, handlesStop, killed: undefined, cancelKill: () => {} }
    this.#running.set(name, running)
    fiber.addObserver((exit) => {
      if (this.#running.get(name) !== running) return
      this.#running.delete(name)
      running.cancelKill()
      report(exitOf(container, exit, running.killed, () => this.#logs.textOf(name, run)!, write, input.files))
    })
  }

  stop(name: string, graceSeconds: number): Effect.Effect<void> {
    return Effect.sync(() => {
      const running = this.#running.get(name)
      if (running === undefined) return
      running.cancelKill()
      if (!running.handlesStop) return this.#interrupt(running, isSidecarOf(this.#pod, name) ? 0 : 143)
      running.stopping.openUnsafe()
      if (graceSeconds <= 0) return this.#interrupt(running, 137)
      running.cancelKill = this.#schedule(graceSeconds * 1000, () => this.#interrupt(running, 137))
    })
  }

  #interrupt(running: RunningProgram, exitCode: number): void {
    running.killed = exitCode
    running.fiber.interruptUnsafe()
  }

  logs(options: LogOptions): Effect.Effect<string | undefined> {
    return Effect.sync(() => this.#logs.cut(options))
  }

  logFrom(container: string, run: number, position: number): LogPiece {
    return this.#logs.from(container, run, position)
  }

  get close(): Effect.Effect<void> {
    return Effect.sync(() => {
      const running = Array.from(this.#running.values())
      this.#running.clear()
      for (const it of running) {
        it.cancelKill()
        it.fiber.interruptUnsafe()
      }
    })
  }
}

const isSidecarOf = (pod: Pod, name: string): boolean => pod.spec?.initContainers?.some((it) => it.name === name && isSidecar(it)) ?? false

const exitOf = (
  container: Container,
  exit: Exit.Exit<ContainerOutcome, unknown>,
  killed: number | undefined,
  log: () => string,
  write: (text: string) => void,
  files: ContainerFiles
): ContainerEvent => {
  let outcome: Exclude<ContainerOutcome, number | void>
  if (Exit.isSuccess(exit)) {
    const { value } = exit
    outcome = typeof value === "object" ? value : { exitCode: typeof value === "number" ? value : 0 }
  } else if (killed !== undefined && Cause.hasInterruptsOnly(exit.cause)) {
    outcome = { exitCode: killed }
  } else {
    write(Cause.pretty(exit.cause))
    outcome = { exitCode: 1 }
  }
  const written = files.readText(container.terminationMessagePath ?? "/dev/termination-log")?.slice(0, 4096)
  const fallback = container.terminationMessagePolicy === "FallbackToLogsOnError" && outcome.exitCode !== 0 ? fallbackMessage(log()) : undefined
  const message = outcome.message ?? written ?? fallback
  return { _tag: "Exited", ...outcome, ...(message === undefined ? {} : { message }) }
}

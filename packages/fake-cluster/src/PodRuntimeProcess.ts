/** Pods whose containers are local processes. */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, mkdirSync } from "node:fs"
import { constants } from "node:os"
import { isAbsolute, join } from "node:path"
import type { Container, Pod } from "@fairlead/kube"
import { Clock, type Context, Effect, Random, type Scope } from "effect"
import { reach, runCommand } from "./internal/actionsProcess.ts"
import { expand } from "./internal/expansion.ts"
import { ProcessGuard } from "./internal/guardProcess.ts"
import { InsideProcess } from "./internal/insideProcess.ts"
import { findExecutable, imageOf, type ProcessImage, spawnFailure, startErrorMessage, wordsOf } from "./internal/launchProcess.ts"
import { fallbackMessage } from "./internal/logText.ts"
import { mountVariable, type PathMapping, pathMapper } from "./internal/mountPaths.ts"
import { PodFolder } from "./internal/podFolderProcess.ts"
import { fromContext, type Schedule } from "./internal/timers.ts"
import { type ActionOutcome, type ActionPurpose, type ContainerAction, type ContainerCommand, type ContainerEvent, type LogOptions, type LogPiece, type PodRuntime, type PodSandbox, StartFailed } from "./PodRuntime.ts"

export type { InsideInput, ProcessImage } from "./internal/launchProcess.ts"

/** How to set the runtime up. */
export interface PodRuntimeProcessOptions {
  /** Folder for logs and volumes, made if absent. Best without blanks in its path: it is put into commands. */
  readonly root: string
  /** Where containers without a `workingDir` run. */
  readonly workingDirectory: string
  /** What every container finds in its environment besides its own variables: at least `PATH`. */
  readonly env?: { readonly [name: string]: string } | undefined
  /** What stands for images. An image that is not in the table has no entry point of its own. */
  readonly images?: { readonly [image: string]: ProcessImage } | undefined
  /** Leaves the folders of deleted pods where they are. */
  readonly keepFolders?: boolean | undefined
}

/**
 * Makes a runtime whose containers are processes of this machine.
 *
 * Each container is the leader of a process group. SIGTERM goes to the whole group, SIGKILL after the grace period too,
 * and what is left of the group is killed when the leader ends. When the scope closes, or when this process dies in
 * whatever way, all of them are killed.
 *
 * There is no image and no file system of its own: a container sees the machine. Each mount path (and the path of the
 * termination message) is replaced by the folder of its volume wherever it stands as a path or as the beginning of one in
 * command, arguments, environment and working folder; `FAIRLEAD_MOUNT_<VOLUME>` holds the folder as well. A host path that
 * is mounted under its own name needs no replacement.
 */
export const make = (options: PodRuntimeProcessOptions): Effect.Effect<PodRuntime, never, Scope.Scope> =>
  Effect.gen(function*() {
    const mark = `${process.pid}.${yield* Clock.currentTimeMillis}.${Math.abs(yield* Random.nextInt)}`
    mkdirSync(options.root, { recursive: true, mode: 0o700 })
    const guard = yield* Effect.acquireRelease(Effect.sync(() => new ProcessGuard(mark)), (it) => Effect.sync(() => it.close()))
    const open: PodRuntime["open"] = Effect.fnUntraced(function*(pod, sources) {
      const context = yield* Effect.context<never>()
      const schedule = fromContext(context)
      const folder = yield* attempt("FailedMount", () => new PodFolder(options.root, pod))
      const volumes = new Map<string, string>()
      for (const volume of pod.spec?.volumes ?? []) {
        const content = yield* sources.volume(volume)
        volumes.set(volume.name, yield* attempt("FailedMount", () => folder.addVolume(volume.name, content)))
      }
      return new ProcessSandbox({ pod, options, guard, folder, volumes, schedule, context, command: sources.command })
    })
    return { name: "process", open }
  })

interface ProcessSandboxOptions {
  readonly pod: Pod
  readonly options: PodRuntimeProcessOptions
  readonly guard: ProcessGuard
  readonly folder: PodFolder
  readonly volumes: ReadonlyMap<string, string>
  readonly schedule: Schedule
  /** Clock and the like for programs within this process. */
  readonly context: Context.Context<never>
  readonly command: (container: Container) => Effect.Effect<ContainerCommand, StartFailed>
}

interface RunningContainer {
  /** Asks it to end. */
  readonly stop: () => void
  /** Ends it. */
  readonly kill: () => void
  cancelKill: () => void
}

interface Launch {
  readonly words: ReadonlyArray<string>
  readonly file: string
  readonly folder: string
  readonly env: { readonly [name: string]: string }
  readonly inside: ProcessImage["inside"]
}

/** How to start a container, why its process cannot be started, or why there is not even an attempt. */
type Prepared = Launch | { readonly problem: string } | { readonly refusal: StartFailed }

const searchPathDefault = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

class ProcessSandbox implements PodSandbox {
  readonly ip = "127.0.0.1"
  readonly #of: ProcessSandboxOptions
  readonly #running = new Map<string, RunningContainer>()
  readonly #runs = new Map<string, number>()
  #isClosed = false

  constructor(of: ProcessSandboxOptions) {
    this.#of = of
  }

  start(container: Container, run: number, report: (event: ContainerEvent) => void): Effect.Effect<void, StartFailed> {
    return Effect.flatMap(this.#of.command(container), (command) => {
      const launch = this.#prepare(container, run, command)
      if ("refusal" in launch) return Effect.fail(launch.refusal)
      if ("problem" in launch) {
        report({ _tag: "Exited", exitCode: 128, reason: "StartError", message: startErrorMessage(launch.problem), neverStarted: true })
        return Effect.void
      }
      return attempt("CreateContainerError", () =>
        launch.inside === undefined ? this.#launch(container, run, launch, report) : this.#launchInside(container, run, launch, launch.inside, report))
    })
  }

  /** Commands run beside the container with its environment, folders and paths. */
  act(container: Container, _purpose: ActionPurpose, action: ContainerAction): Effect.Effect<ActionOutcome> {
    const words = action.exec?.command
    if (words === undefined) return reach(container, action)
    const run = this.#runs.get(container.name) ?? 0
    return Effect.match(this.#of.command(container), {
      onFailure: (failure) => Effect.succeed<ActionOutcome>({ succeeded: false, output: failure.description }),
      onSuccess: (command) => {
        const launch = this.#prepare(container, run, { ...command, command: words, args: [] })
        if ("refusal" in launch) return Effect.succeed({ succeeded: false, output: launch.refusal.description })
        if ("problem" in launch) return Effect.succeed({ succeeded: false, output: startErrorMessage(launch.problem) })
        return launch.inside === undefined ? runCommand(launch) : actInside(launch.inside, launch)
      }
    }).pipe(Effect.flatten)
  }

  #prepare(container: Container, run: number, command: ContainerCommand): Prepared {
    try {
      return this.#plan(container, run, command)
    } catch (error) {
      return { refusal: failureOf("CreateContainerError", error) }
    }
  }

  #plan(container: Container, run: number, command: ContainerCommand): Prepared {
    const { folder, guard, options, pod } = this.#of
    const image = imageOf(options.images, container.image ?? "")
    const words = wordsOf(image, command.command, command.args)
    if (words.length === 0) {
      const description = `failed to generate container "${container.name}" spec: failed to generate spec: no command specified`
      return { refusal: new StartFailed({ reason: "CreateContainerError", description }) }
    }
    const termination = folder.terminationFile(container.name, run)
    const { mappings, variables } = this.#mounts(container, command)
    const map = pathMapper([...mappings, { from: container.terminationMessagePath ?? "/dev/termination-log", to: termination }])
    const env: { [name: string]: string } = { PATH: searchPathDefault, ...options.env, HOSTNAME: pod.metadata.name ?? "" }
    for (const [name, value] of command.env) env[name] = map(value)
    Object.assign(env, variables, { FAIRLEAD_TERMINATION_LOG: termination }, guard.environment)
    const workingFolder = this.#workingFolder(container, map)
    const mapped = words.map(map)
    const { inside } = image
    if (inside !== undefined) return { words: mapped, file: "", folder: workingFolder, env, inside }
    const found = findExecutable(mapped[0]!, workingFolder, env["PATH"]!)
    return "problem" in found ? found : { words: mapped, file: found.file, folder: workingFolder, env, inside }
  }

  #mounts(container: Container, command: ContainerCommand): { mappings: ReadonlyArray<PathMapping>; variables: { [name: string]: string } } {
    const mappings: Array<PathMapping> = []
    const variables: { [name: string]: string } = {}
    for (const mount of container.volumeMounts ?? []) {
      const volume = this.#of.volumes.get(mount.name)
      if (volume === undefined) continue
      const inner = mount.subPathExpr === undefined ? (mount.subPath ?? "") : expand(mount.subPathExpr, command.env)
      const to = inner === "" ? volume : this.#of.folder.inside(volume, inner)
      mappings.push({ from: mount.mountPath, to })
      variables[mountVariable(mount.name)] ??= to
    }
    return { mappings, variables }
  }

  /** A relative folder is one of the pod's and is made; an absolute one must be there. */
  #workingFolder(container: Container, map: (text: string) => string): string {
    const { folder, options } = this.#of
    const wanted = container.workingDir
    if (wanted === undefined || wanted === "") return options.workingDirectory
    if (isAbsolute(wanted)) return map(wanted)
    const path = folder.inside(folder.path, join("work", wanted))
    mkdirSync(path, { recursive: true })
    return path
  }

  #launch(container: Container, run: number, launch: Launch, report: (event: ContainerEvent) => void): void {
    const log = this.#of.folder.openLog(container.name, run)
    this.#runs.set(container.name, run)
    let child: ChildProcess
    try {
      child = spawn(launch.file, launch.words.slice(1), {
        argv0: launch.words[0]!,
        cwd: launch.folder,
        env: launch.env,
        detached: true,
        stdio: ["ignore", log, log]
      })
    } catch (error) {
      return report(spawnFailure(launch.words[0]!, error as Error))
    } finally {
      closeSync(log)
    }
    const group = child.pid
    child.on("error", (error) => {
      if (group === undefined) report(spawnFailure(launch.words[0]!, error))
    })
    if (group === undefined) return
    this.#of.guard.add(group)
    const signal = (container.lifecycle as { stopSignal?: string } | undefined)?.stopSignal
    const stopSignal = isSignal(signal) ? signal : "SIGTERM"
    const running: RunningContainer = { stop: () => kill(group, stopSignal), kill: () => kill(group, "SIGKILL"), cancelKill: () => {} }
    this.#running.set(container.name, running)
    report({ _tag: "Started", containerId: `process://${group}` })
    child.once("exit", (code, signal) => {
      running.kill()
      this.#of.guard.remove(group)
      this.#exited(container, run, running, code ?? 128 + constants.signals[signal ?? "SIGKILL"], report)
    })
  }

  #launchInside(container: Container, run: number, launch: Launch, program: NonNullable<ProcessImage["inside"]>, report: (event: ContainerEvent) => void): void {
    const logFile = this.#of.folder.makeLog(container.name, run)
    this.#runs.set(container.name, run)
    report({ _tag: "Started", containerId: `inside://${container.name}-${run}` })
    const inside = new InsideProcess(logFile)
    const running: RunningContainer = { stop: inside.stop, kill: inside.kill, cancelKill: () => {} }
    this.#running.set(container.name, running)
    inside.start(program, { words: launch.words, env: launch.env }, this.#of.context, (exitCode) => this.#exited(container, run, running, exitCode, report))
  }

  #exited(container: Container, run: number, running: RunningContainer, exitCode: number, report: (event: ContainerEvent) => void): void {
    running.cancelKill()
    if (this.#running.get(container.name) === running) this.#running.delete(container.name)
    if (!this.#isClosed) report(this.#exitOf(container, run, exitCode))
  }

  #exitOf(container: Container, run: number, exitCode: number): ContainerEvent {
    const { folder } = this.#of
    const written = folder.readTermination(container.name, run)
    const message = written === "" && exitCode !== 0 && container.terminationMessagePolicy === "FallbackToLogsOnError"
      ? fallbackMessage(folder.readLog(run, { container: container.name, tailLines: 80 }) ?? "")
      : written
    return { _tag: "Exited", exitCode, ...(message === "" ? {} : { message }) }
  }

  stop(name: string, graceSeconds: number): Effect.Effect<void> {
    return Effect.sync(() => {
      const running = this.#running.get(name)
      if (running === undefined) return
      running.cancelKill()
      if (graceSeconds > 0) running.stop()
      running.cancelKill = this.#of.schedule(graceSeconds * 1000, running.kill)
    })
  }

  logs(options: LogOptions): Effect.Effect<string | undefined> {
    return Effect.sync(() => {
      const newest = this.#runs.get(options.container)
      return newest === undefined ? undefined : this.#of.folder.readLog(options.previous === true ? newest - 1 : newest, options)
    })
  }

  logFrom(container: string, run: number, position: number): LogPiece {
    return this.#of.folder.readLogFrom(container, run, position)
  }

  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isClosed = true
      for (const running of this.#running.values()) {
        running.cancelKill()
        running.kill()
      }
      return this.#of.options.keepFolders === true ? Effect.void : Effect.ignore(Effect.tryPromise(() => this.#of.folder.remove()))
    })
  }
}

/** A command in a container whose image is a program of this process is one more call of that program. */
const actInside = (program: NonNullable<ProcessImage["inside"]>, { env, words }: Launch): Effect.Effect<ActionOutcome> =>
  Effect.suspend(() => {
    let output = ""
    const log = (text: string): void => {
      output += text
    }
    return Effect.map(program({ words, env, log, stopping: Effect.never }), (code) => ({ succeeded: code === 0, output }))
  })

const isSignal = (name: string | undefined): name is NodeJS.Signals => name !== undefined && Object.hasOwn(constants.signals, name)

/** Signals a whole group; one that is gone is no error. */
const kill = (group: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-group, signal)
  } catch {
    // Nobody is left in the group.
  }
}

const attempt = <A>(reason: string, run: () => A): Effect.Effect<A, StartFailed> =>
  Effect.try({ try: run, catch: (error) => failureOf(reason, error) })

const failureOf = (reason: string, error: unknown): StartFailed =>
  new StartFailed({ reason, description: error instanceof Error ? error.message : String(error) })

/** The contract between the kubelet and whatever carries out containers: functions, scripts or local processes. */
import type { Container, Pod, Volume } from "@fairlead/kube"
import { Data, type Effect } from "effect"

/**
 * A pod or a container cannot be started now. `reason` becomes the waiting reason of the container
 * (`ErrImagePull`, `CreateContainerConfigError`, `CreateContainerError`, …) and `message` its message, both in the
 * words that a real node would use. The kubelet tries again later.
 */
export class StartFailed extends Data.TaggedError("StartFailed")<{
  readonly reason: string
  readonly description: string
}> {
  override get message(): string {
    return `${this.reason}: ${this.description}`
  }
}

/** One file of a volume that is made of API objects. */
export interface VolumeFile {
  /** Relative to the volume, with forward slashes. */
  readonly path: string
  readonly content: Uint8Array
  /** Permission bits. */
  readonly mode: number
}

/** What a volume of a pod is, once its sources are read. */
export type VolumeContent =
  | { readonly _tag: "Empty" }
  /** A folder of the machine. */
  | { readonly _tag: "Host"; readonly path: string; readonly create: boolean }
  /** A folder that outlives the pod, shared by all pods with the same claim. */
  | { readonly _tag: "Claim"; readonly name: string }
  | { readonly _tag: "Files"; readonly files: ReadonlyArray<VolumeFile> }

/** How a container is started: command and arguments still apart, `$(NAME)` already replaced. */
export interface ContainerCommand {
  readonly command: ReadonlyArray<string>
  readonly args: ReadonlyArray<string>
  /** In the order of the container's `envFrom` and `env`; later entries win. */
  readonly env: ReadonlyMap<string, string>
}

/**
 * What a pod refers to, read through the API on demand, so that a runtime which needs none of it pays nothing.
 * `volume` fails with what a real node would put into a `FailedMount` event.
 */
export interface PodSources {
  readonly command: (container: Container) => Effect.Effect<ContainerCommand, StartFailed>
  readonly volume: (volume: Volume) => Effect.Effect<VolumeContent, StartFailed>
}

/**
 * What a runtime reports about a container after `start`.
 *
 * `Started` comes at most once. `Exited` ends the story of this start; `neverStarted` says that the command could not
 * be run at all. `Waiting` also ends it: the start failed after `start` had returned, and the kubelet tries again.
 */
export type ContainerEvent =
  | { readonly _tag: "Started"; readonly containerId: string; readonly imageId?: string }
  | { readonly _tag: "Waiting"; readonly reason: string; readonly message: string }
  | {
    readonly _tag: "Exited"
    /** 0–255; 128 + n for death by signal n. */
    readonly exitCode: number
    /** `OOMKilled`, `StartError`; left out, the exit code decides between `Completed` and `Error`. */
    readonly reason?: string | undefined
    /** The termination message. */
    readonly message?: string | undefined
    readonly neverStarted?: boolean
  }

/** Why something is done in a running container from outside. */
export type ActionPurpose = "startup" | "readiness" | "liveness" | "postStart" | "preStop"

/** What a probe or a hook asks for: a command, a request, a connection. */
export type ContainerAction = Exclude<Container["livenessProbe"], undefined>

/** How a probe or a hook went; `output` is what people read of a failure. */
export interface ActionOutcome {
  readonly succeeded: boolean
  readonly output: string
}

/** Which lines of a log are wanted. */
export interface LogOptions {
  readonly container: string
  /** Of the run before the current one. */
  readonly previous?: boolean | undefined
  /** Only the last so many lines. */
  readonly tailLines?: number | undefined
  /** At most so many bytes from the start of what is left. */
  readonly limitBytes?: number | undefined
}

/** A piece of a log and the position after it. */
export interface LogPiece {
  readonly text: string
  readonly position: number
}

/**
 * The place where the containers of one pod run.
 *
 * Guarantees expected of every runtime:
 * - `start` returns soon; slow steps (pulling, waiting) go on behind it and end in events;
 * - after a successful `start` there is exactly one `Exited` or `Waiting`, whatever happens, unless `close` came first;
 * - `stop` asks the container to end (SIGTERM) and ends it (SIGKILL) after the grace period; a container that is still
 *   starting exits as well; stopping what is not there does nothing; a later, shorter grace period wins;
 * - events may come from inside `start` and `stop`.
 */
export interface PodSandbox {
  readonly ip: string
  readonly start: (container: Container, run: number, report: (event: ContainerEvent) => void) => Effect.Effect<void, StartFailed>
  readonly stop: (container: string, graceSeconds: number) => Effect.Effect<void>
  /**
   * Carries out a probe or a hook in a running container; its own answer comes before `timeoutSeconds` are over, or nobody waits for it any more. A runtime
   * without it lets everything succeed.
   */
  readonly act?: (container: Container, purpose: ActionPurpose, action: ContainerAction, timeoutSeconds: number) => Effect.Effect<ActionOutcome>
  /** `undefined` when there is no such run of the container. Never waits. */
  readonly logs: (options: LogOptions) => Effect.Effect<string | undefined>
  /** What a run has added to its log after `position`; 0 is the beginning. For those who follow a log. */
  readonly logFrom: (container: string, run: number, position: number) => LogPiece
  /** Ends everything at once and frees what the pod took, logs included. */
  readonly close: Effect.Effect<void>
}

/** Carries out the containers of pods. */
export interface PodRuntime {
  /** Prefix of container ids, as in `containerd://…`. */
  readonly name: string
  /** Makes the place for a pod. Fails with `FailedMount` and the like; the containers then stay in `ContainerCreating`. */
  readonly open: (pod: Pod, sources: PodSources) => Effect.Effect<PodSandbox, StartFailed>
}

/** Finds out what a container's command is on this machine, and why it cannot be run, before it is run. */
import type { Effect } from "effect"
import { accessSync, constants, statSync } from "node:fs"
import { delimiter, isAbsolute, join, resolve } from "node:path"
import type { ContainerEvent } from "../PodRuntime.ts"

/** A program of this process that stands for an image. It gets paths of this machine in place of those of the container. */
export interface InsideInput {
  readonly words: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string }
  /** Adds text to the container's log. */
  readonly log: (text: string) => void
  /** Done once the container is asked to end. */
  readonly stopping: Effect.Effect<void>
}

/** What stands for an image, since images are not pulled: what its file system would have held. */
export interface ProcessImage {
  /** Used when the container has no `command`. */
  readonly entrypoint?: ReadonlyArray<string> | undefined
  /** Used when the container has neither `command` nor `args`. */
  readonly arguments?: ReadonlyArray<string> | undefined
  /** Programs inside the image by path: `{ "/bin/tool": ["node", "tool.ts"] }`. */
  readonly programs?: { readonly [path: string]: ReadonlyArray<string> } | undefined
  /**
   * Carries the container out within this process and gives its exit code: for programs of one's own that would take
   * longer to start than to run. It is interrupted after the grace period, and does not outlive this process.
   */
  readonly inside?: ((input: InsideInput) => Effect.Effect<number>) | undefined
}

/** The image's entry in a table: under its full name, or else under its name without tag and digest. */
export const imageOf = (images: { readonly [image: string]: ProcessImage } | undefined, image: string): ProcessImage => {
  const bare = image.replace(/@.*$/, "").replace(/:[^:/]*$/, "")
  const name = [image, bare].find((it) => images !== undefined && Object.hasOwn(images, it))
  return name === undefined ? {} : images![name]!
}

/** The words to run. Empty when neither the container nor the image says what. */
export const wordsOf = (image: ProcessImage, command: ReadonlyArray<string>, args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const rest = args.length > 0 || command.length > 0 ? args : (image.arguments ?? [])
  const words = [...(command.length > 0 ? command : (image.entrypoint ?? [])), ...rest]
  const program = words.length > 0 && image.programs !== undefined && Object.hasOwn(image.programs, words[0]!) ? image.programs[words[0]!] : undefined
  return program === undefined ? words : [...program, ...words.slice(1)]
}

/** The file of a command, or the words in which a container runtime complains about it. */
export const findExecutable = (
  command: string,
  folder: string,
  searchPath: string
): { readonly file: string } | { readonly problem: string } => {
  if (!isFolder(folder)) {
    return { problem: `chdir to cwd ("${folder}") set in config.json failed: no such file or directory` }
  }
  if (command.includes("/")) {
    const file = isAbsolute(command) ? command : resolve(folder, command)
    const problem = problemOf(file)
    return problem === undefined ? { file } : { problem: `exec: "${command}": ${problem(command)}` }
  }
  let isForbidden = false
  for (const entry of searchPath.split(delimiter)) {
    const file = join(entry === "" ? folder : entry, command)
    const problem = problemOf(file)
    if (problem === undefined) return { file: isAbsolute(file) ? file : resolve(folder, file) }
    isForbidden ||= problem === denied
  }
  return { problem: `exec: "${command}": ${isForbidden ? denied(command) : "executable file not found in $PATH"}` }
}

const denied = (_: string): string => "permission denied"

const problemOf = (file: string): ((command: string) => string) | undefined => {
  try {
    const stats = statSync(file)
    if (stats.isDirectory()) return (it) => `is a directory: ${it}`
    accessSync(file, constants.X_OK)
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EACCES") return denied
    return (it) => `stat ${it}: ${code === "ENOTDIR" ? "not a directory" : "no such file or directory"}`
  }
}

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** What becomes of a container whose command was found but could not be run. Want of resources of the machine passes. */
export const spawnFailure = (command: string, error: NodeJS.ErrnoException): ContainerEvent => {
  if (passing.has(error.code ?? "")) return { _tag: "Waiting", reason: "CreateContainerError", message: `exec ${command}: ${error.message}` }
  const problem = error.code === "E2BIG" ? "argument list too long" : error.message
  return { _tag: "Exited", exitCode: 128, reason: "StartError", message: startErrorMessage(`exec ${command}: ${problem}`), neverStarted: true }
}

const passing: ReadonlySet<string> = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"])

/** How a container runtime wraps the reason why a command cannot be run. */
export const startErrorMessage = (problem: string): string =>
  `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${problem}`

/** The folder of a pod on this machine: volumes, logs and termination messages. */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, statSync, writeFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { dirname, join, normalize, sep } from "node:path"
import type { Pod } from "@fairlead/kube"
import type { LogOptions, LogPiece, VolumeContent } from "../PodRuntime.ts"
import { cutLog } from "./logText.ts"

const terminationMessageMost = 4096
const tailChunk = 64 * 1024
const followChunk = 1024 * 1024

/** Where everything of one pod lies. */
export class PodFolder {
  readonly path: string
  readonly #root: string

  constructor(root: string, pod: Pod) {
    this.#root = root
    this.path = join(root, "pods", `${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`)
    mkdirSync(this.path, { recursive: true, mode: 0o700 })
  }

  /** Makes the folder of a volume and fills it. */
  addVolume(name: string, content: VolumeContent): string {
    switch (content._tag) {
      case "Host":
        if (content.create) makeHostFolder(content.path)
        return content.path
      case "Claim":
        return this.#make(join(this.#root, "claims", content.name.replaceAll("/", "_")))
      case "Empty":
        return this.#make(join(this.path, "volumes", name))
      case "Files": {
        const folder = this.#make(join(this.path, "volumes", name))
        for (const file of content.files) {
          const path = this.inside(folder, file.path)
          this.#make(dirname(path))
          writeFileSync(path, file.content, { mode: file.mode })
        }
        return folder
      }
    }
  }

  #make(folder: string): string {
    mkdirSync(folder, { recursive: true })
    return folder
  }

  /** A path below a folder; what would lead out of it stays at the folder itself. */
  inside(folder: string, path: string): string {
    const whole = normalize(join(folder, path))
    return whole === folder || whole.startsWith(folder + sep) ? whole : folder
  }

  /** Opens the log of a run for appending. */
  openLog(container: string, run: number): number {
    return openSync(this.makeLog(container, run), "a", 0o600)
  }

  /** Makes the log of a run, empty or as it is, and gives its path. */
  makeLog(container: string, run: number): string {
    const path = this.#logPath(container, run)
    this.#make(dirname(path))
    closeSync(openSync(path, "a", 0o600))
    return path
  }

  #logPath(container: string, run: number): string {
    return join(this.path, "logs", container, `${run}.log`)
  }

  /** The wanted part of the log of a run; `undefined` when there is none. */
  readLog(run: number, options: LogOptions): string | undefined {
    let file: number
    try {
      file = openSync(this.#logPath(options.container, run), "r")
    } catch {
      return undefined
    }
    try {
      return cutLog(options.tailLines === undefined ? readFileSync(file, "utf8") : readTail(file, options.tailLines), options)
    } finally {
      closeSync(file)
    }
  }

  /** The part of the log of a run after a byte, up to the last whole character. */
  readLogFrom(container: string, run: number, position: number): LogPiece {
    try {
      const file = openSync(this.#logPath(container, run), "r")
      try {
        const size = Math.min(fstatSync(file).size, position + followChunk)
        const bytes = Buffer.alloc(Math.max(0, size - position))
        readSync(file, bytes, 0, bytes.length, position)
        const whole = bytes.subarray(0, wholeCharacters(bytes))
        return { text: whole.toString("utf8"), position: position + whole.length }
      } finally {
        closeSync(file)
      }
    } catch {
      return { text: "", position }
    }
  }

  /** An empty file for the termination message of a run. */
  terminationFile(container: string, run: number): string {
    const folder = this.#make(join(this.path, "termination"))
    const path = join(folder, `${container}.${run}`)
    writeFileSync(path, "", { mode: 0o666 })
    return path
  }

  /** What the container wrote there. */
  readTermination(container: string, run: number): string {
    try {
      return readFileSync(join(this.path, "termination", `${container}.${run}`)).subarray(0, terminationMessageMost).toString("utf8")
    } catch {
      return ""
    }
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Makes a folder of the machine with those above it. Node's own recursive way never ends where none can be made, as in `/proc`. */
const makeHostFolder = (path: string): void => {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  makeHostFolder(dirname(path))
  mkdirSync(path)
}

/** Length without a character of UTF-8 whose end is still to come. */
const wholeCharacters = (bytes: Uint8Array): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) break
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** Reads from the end of a file until there are enough lines. */
const readTail = (file: number, lines: number): string => {
  const { size } = fstatSync(file)
  for (let wanted = tailChunk; ; wanted *= 4) {
    const start = Math.max(0, size - wanted)
    const bytes = Buffer.alloc(size - start)
    readSync(file, bytes, 0, bytes.length, start)
    let found = 0
    for (const byte of bytes) if (byte === 10) found++
    if (start === 0 || found > lines) return bytes.toString("utf8")
  }
}

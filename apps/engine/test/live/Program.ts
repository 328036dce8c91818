/** Starts the real program for tests, with the project's own Node, and waits for what it prints. */
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { test } from "vitest"

/** The root of the repository. */
export const root = fileURLToPath(new URL("../../../..", import.meta.url))

const bin = join(root, "node_modules/.bin")
export const node = join(bin, "node")
export const mainFile = join(root, "apps/engine/bin/fairlead.mjs")

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface ProgramOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A running program. */
export class Program {
  stdout = ""
  stderr = ""
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Where it keeps its temporary files. */
  readonly temporary: string
  private readonly waiting = new Set<() => void>()

  constructor(command: string, args: ReadonlyArray<string>, temporary: string, options: ProgramOptions) {
    this.temporary = temporary
    this.child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: {
        PATH: `${bin}${delimiter}${process.env["PATH"]}`,
        HOME: process.env["HOME"],
        // Code that was compiled once need not be compiled again for every test.
        NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"),
        TMPDIR: temporary,
        // What one test remembers is nothing for another one.
        FAIRLEAD_CACHE: join(temporary, "cache/catalog.db"),
        ...options.env
      },
      stdio: ["pipe", "pipe", "pipe"],
      // A group of its own, as a shell gives to each job: signals of the terminal go to all of it.
      detached: true
    })
    const follow = (name: "stdout" | "stderr"): void => {
      this.child[name]!.setEncoding("utf8").on("data", (text: string) => {
        this[name] += text
        for (const look of this.waiting) look()
      })
    }
    follow("stdout")
    follow("stderr")
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
        for (const look of this.waiting) look()
      })
    })
  }

  /** Waits until it has printed what matches; fails when it ends first. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
        if (match === null && !this.isOver) return
        this.waiting.delete(look)
        if (match === null) reject(new Error(`it ended without printing ${pattern}:\n${this.stdout}\n${this.stderr}`))
        else resolve(match)
      }
      this.waiting.add(look)
      look()
    })
  }

  /** What is left of its working folders. */
  get folders(): ReadonlyArray<string> {
    return readdirSync(this.temporary).filter((it) => it.startsWith("fairlead-"))
  }

  get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Ctrl-C on its terminal. */
  interrupt(): void {
    process.kill(-this.child.pid!, "SIGINT")
  }

  async close(): Promise<void> {
    try {
      process.kill(-this.child.pid!, "SIGKILL")
    } catch {
      // All of it has ended.
    }
    await this.ended
  }
}

/** What a test starts and makes; all of it goes with the test. */
export class Live {
  private readonly programs: Array<Program> = []
  private readonly folders: Array<string> = []

  /** A folder of the test's own. */
  readonly folder = (): string => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "fairlead-test-")))
    this.folders.push(folder)
    return folder
  }

  readonly start = (command: string, args: ReadonlyArray<string>, options: ProgramOptions = {}): Program => {
    const program = new Program(command, args, this.folder(), options)
    this.programs.push(program)
    return program
  }

  /** Starts `fairlead`. */
  readonly fairlead = (args: ReadonlyArray<string>, options?: ProgramOptions): Program => this.start(node, [mainFile, ...args], options)

  /** Runs `fairlead` to its end. */
  readonly run = (...args: ReadonlyArray<string>): Promise<Ended> => this.fairlead(args).ended

  async close(): Promise<void> {
    for (const program of this.programs) await program.close()
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A test that starts programs. */
export const it = test.extend<{ live: Live }>({
  // oxlint-disable-next-line no-empty-pattern -- the runner reads what a fixture needs from this pattern
  live: async ({}, use) => {
    const live = new Live()
    await use(live)
    await live.close()
  }
})

/** True when a program of this name can be started. */
export const has = (name: string): boolean => (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)))

export const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Waits until all processes are gone; answers those that are not after five seconds. */
export const leftOf = async (pids: ReadonlyArray<number>): Promise<ReadonlyArray<number>> => {
  for (let round = 0; round < 100 && pids.some(isAlive); round++) await sleep(50)
  return pids.filter(isAlive)
}

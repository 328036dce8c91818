/** Finds kubectl and runs it. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process"
import { existsSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Outcome } from "./transcript.ts"

/** A kubectl on this machine. */
export interface Kubectl {
  readonly path: string
  readonly major: number
  readonly minor: number
}

const root = fileURLToPath(new URL("../../../../", import.meta.url))

const candidates = (): ReadonlyArray<string> => {
  const built = `${root}.cache/external/kubectl`
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "kubectl"))
  return [...(existsSync(`${built}/ready`) ? [`${built}/bin/kubectl`] : []), ...onPath]
}

/** The kubectl that `npm run external kubectl` built, or else the first on the path. */
export const findKubectl = (): Kubectl | undefined => {
  const path = candidates().find((file) => existsSync(file))
  if (path === undefined) return undefined
  try {
    const printed = execFileSync(path, ["version", "--client", "-o", "json"], { env: { HOME: tmpdir() }, encoding: "utf8" })
    const { major, minor } = (JSON.parse(printed) as { clientVersion: { major: string; minor: string } }).clientVersion
    return { path, major: Number.parseInt(major), minor: Number.parseInt(minor) }
  } catch {
    return undefined
  }
}

/** Whether a transcript can be played with this kubectl. */
export const suits = ({ major, minor }: Kubectl, needed = ">=0.0"): boolean => {
  const [needMajor = 0, needMinor = 0] = needed.slice(2).split(".").map(Number)
  return major > needMajor || (major === needMajor && minor >= needMinor)
}

/** A kubectl that runs. */
export interface Run {
  readonly child: ChildProcess
  readonly done: Promise<Outcome>
  /** Waits until so many lines were printed, or for its end. */
  readonly printed: (lines: number) => Promise<void>
}

const sleep = (millis: number): Promise<void> => new Promise((done) => setTimeout(done, millis))

const lineWaitMs = 15_000
const lifeMaxMs = 60_000

/** Starts kubectl in a folder that is its home and holds its `kubeconfig`. */
export const start = (path: string, folder: string, args: ReadonlyArray<string>, stdin = ""): Run => {
  const env = { PATH: process.env["PATH"], HOME: folder, TMPDIR: folder, KUBECONFIG: join(folder, "kubeconfig"), TZ: "UTC", LANG: "C", TERM: "dumb" }
  const child = spawn(path, [...args], { cwd: folder, env })
  let [stdout, stderr] = ["", ""]
  let ended = false
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  child.stdin.on("error", () => undefined).end(stdin)
  const killer = setTimeout(() => child.kill("SIGKILL"), lifeMaxMs)
  const done = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code, signal) => {
      clearTimeout(killer)
      ended = true
      resolve({ code: code ?? signal, stdout, stderr })
    })
  })
  const printed = async (lines: number): Promise<void> => {
    for (let waited = 0; stdout.split("\n").length <= lines && !ended && waited < lineWaitMs; waited += 20) await sleep(20)
  }
  return { child, done, printed }
}

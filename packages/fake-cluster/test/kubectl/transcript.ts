/** Recorded sessions of kubectl: what was typed, and what it printed against a real cluster. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** What one run of kubectl left behind; `code` is the name of a signal where one ended it. */
export interface Outcome {
  readonly code: number | string | null
  readonly stdout: string
  readonly stderr: string
}

/** One step: a run of kubectl, the start or the end of one in the background, or a pause. */
export interface TranscriptStep {
  readonly args?: ReadonlyArray<string>
  readonly stdin?: string
  /** Written into the folder of the session first. */
  readonly files?: Readonly<Record<string, string>>
  /** Repeated until the exit code is 0. */
  readonly until?: unknown
  /** Set-up, which must succeed. */
  readonly quiet?: boolean
  /** Keeps what is printed as a variable. */
  readonly save?: string
  /** Lines of the output to keep. */
  readonly grep?: string
  /** Starts kubectl and goes on when it has printed `lines` lines. */
  readonly background?: string
  /** Waits for so many lines of the one in the background and stops it, or without `lines` for its own end. */
  readonly finish?: string
  readonly lines?: number
  readonly sleepMs?: number
  readonly expect?: Outcome
}

/** One session. */
export interface Transcript {
  /** File name without its ending. */
  readonly slug: string
  readonly name: string
  /** The kubectl that it takes, as `>=1.36`. */
  readonly kubectl?: string
  readonly namespace?: boolean
  /** Prefixes of generated names. */
  readonly generated?: ReadonlyArray<string>
  readonly cleanup?: ReadonlyArray<string>
  readonly steps: ReadonlyArray<TranscriptStep>
}

const root = fileURLToPath(new URL("../../../../fixtures/conformance/kubectl/", import.meta.url))

/** All sessions, by name. */
export const readTranscripts = (): ReadonlyArray<Transcript> =>
  readdirSync(root).filter((file) => file.endsWith(".json")).sort().map((file) => ({
    ...(JSON.parse(readFileSync(`${root}${file}`, "utf8")) as Omit<Transcript, "slug">),
    slug: file.replace(/\.json$/, "")
  }))

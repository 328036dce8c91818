/** Recorded cases: requests, and what the original answered. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** A request as a case writes it down. */
export interface CaseRequest {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly raw?: string
}

/** One step: a request, a watch that opens, events of a watch, or a pause. */
export interface CaseStep {
  readonly request?: CaseRequest
  readonly watch?: string
  readonly events?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly count?: number
  readonly sorted?: boolean
  readonly sleepMs?: number
  readonly save?: Readonly<Record<string, string>>
  readonly until?: { readonly status?: number; readonly body?: Readonly<Record<string, unknown>> }
  readonly withinMs?: number
  readonly quiet?: boolean
  readonly subset?: boolean
  readonly expect?: unknown
}

/** A case with the file that it came from. */
export interface ConformanceCase {
  readonly area: string
  /** File name without its ending. */
  readonly slug: string
  readonly name: string
  readonly namespace?: boolean
  readonly cleanup?: ReadonlyArray<string>
  readonly ignore?: ReadonlyArray<string>
  readonly steps: ReadonlyArray<CaseStep>
}

const root = fileURLToPath(new URL("../../../../fixtures/conformance/cases/", import.meta.url))

/** All cases, area by area. */
export const readCases = (): ReadonlyArray<ConformanceCase> =>
  readdirSync(root).sort().flatMap((area) =>
    readdirSync(`${root}${area}`).sort().map((file) => ({
      ...(JSON.parse(readFileSync(`${root}${area}/${file}`, "utf8")) as Omit<ConformanceCase, "area" | "slug">),
      area,
      slug: file.replace(/\.json$/, "")
    })))

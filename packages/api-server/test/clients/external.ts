/** Programs in other languages that `npm run external` installs. */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../../", import.meta.url))

/** Where `external/<name>` stands. */
export const sourceOf = (name: string): string => `${root}external/${name}`

/** Where it is installed; nothing if it is not. */
export const installed = (name: string): string | undefined => {
  const folder = `${root}.cache/external/${name}`
  return existsSync(`${folder}/ready`) ? folder : undefined
}

/** Ends a test's name when the test is skipped. */
export const whyNot = (name: string): string => (installed(name) === undefined ? ` (skipped: npm run external ${name})` : "")

/** A program that runs. */
export interface Program {
  readonly lines: ReadonlyArray<string>
  readonly errors: () => string
  readonly ended: Promise<number | null>
}

/** Starts a program, and collects the lines that it prints. */
export const start = (command: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>>): Program => {
  const child = spawn(command, [...args], { env: { ...env, PYTHONUNBUFFERED: "1" } })
  const lines: Array<string> = []
  let [rest, errors] = ["", ""]
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = `${rest}${text}`.split("\n")
    rest = parts.pop() ?? ""
    lines.push(...parts)
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text))
  const ended = new Promise<number | null>((done) => void child.on("close", done).on("error", () => done(null)))
  return { lines, errors: () => errors, ended }
}

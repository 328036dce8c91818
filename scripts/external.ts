/**
 * Installs what optional tests talk to (Python packages, Go programs, packages of npm): `npm run external [NAME…]`.
 *
 * Each folder of `external/` is one such thing: `requirements.txt` becomes a Python environment, `go.mod` a folder of programs (those
 * of its own sources, else the tools that it names; linked with what the file `ldflags` says, if there is one), `package.json` a folder of
 * modules, all below `.cache/external/NAME`. A test runs when it finds `.cache/external/NAME/ready`, and otherwise is skipped with this
 * command in its reason. What cannot be installed here (no Python, no Go, no network) is reported and left out: the other tests do not
 * need it.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const names = existsSync(`${root}external`) ? readdirSync(`${root}external`).toSorted() : []

interface Step {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd?: string
  readonly env?: Record<string, string>
}

/** The commands that install one folder of `external/` into `target`. */
const stepsFor = (source: string, target: string): ReadonlyArray<Step> => {
  const steps: Array<Step> = []
  if (existsSync(`${source}/requirements.txt`)) {
    const python = `${target}/python`
    steps.push({ command: "python3", args: ["-m", "venv", python] })
    steps.push({ command: `${python}/bin/pip`, args: ["install", "--quiet", "--disable-pip-version-check", "-r", `${source}/requirements.txt`] })
  }
  if (existsSync(`${source}/go.mod`)) {
    const ldflags = existsSync(`${source}/ldflags`) ? ["-ldflags", readFileSync(`${source}/ldflags`, "utf8").trim()] : []
    const programs = readdirSync(source).some((it) => it.endsWith(".go")) ? "./..." : "tool"
    steps.push({ command: "go", args: ["build", "-mod=readonly", ...ldflags, "-o", `${target}/bin/`, programs], cwd: source, env: { GOFLAGS: "", GOTOOLCHAIN: "local" } })
  }
  if (existsSync(`${source}/package.json`)) {
    copyFileSync(`${source}/package.json`, `${target}/package.json`)
    steps.push({ command: "npm", args: ["install", "--silent", "--no-package-lock", "--no-audit", "--no-fund"], cwd: target })
  }
  return steps
}

const fingerprint = (source: string): string => {
  const hash = createHash("sha256")
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isFile()) hash.update(entry.name).update(readFileSync(`${entry.parentPath}/${entry.name}`))
  }
  return hash.digest("hex")
}

/** Runs the steps in order. Answers what went wrong, or nothing. */
const install = (steps: ReadonlyArray<Step>): string | undefined => {
  for (const step of steps) {
    const done = spawnSync(step.command, [...step.args], { cwd: step.cwd, env: { ...process.env, ...step.env }, encoding: "utf8" })
    if (done.error !== undefined) return `${step.command} is not on this machine (${done.error.message})`
    if (done.status !== 0) return `"${step.command} ${step.args.join(" ")}" ended with ${done.status}:\n${done.stderr.trim().split("\n").slice(-8).join("\n")}`
  }
  return undefined
}

const wanted = process.argv.slice(2)
for (const name of wanted.filter((each) => !names.includes(each))) {
  process.stderr.write(`There is no external/${name}. There are: ${names.join(", ") || "none"}.\n`)
  process.exitCode = 2
}
for (const name of names.filter((each) => wanted.length === 0 || wanted.includes(each))) {
  const source = `${root}external/${name}`
  const target = `${root}.cache/external/${name}`
  const state = fingerprint(source)
  if (existsSync(`${target}/ready`) && readFileSync(`${target}/ready`, "utf8") === state) continue
  process.stdout.write(`Installing external/${name} (once)…\n`)
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  const problem = install(stepsFor(source, target))
  if (problem === undefined) writeFileSync(`${target}/ready`, state)
  else process.stdout.write(`external/${name} was not installed, its tests are skipped: ${problem}\n`)
}

/** Plays a session of kubectl against a server, each in a folder and a namespace of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { type Run, start } from "./kubectl.ts"
import type { Outcome, Transcript, TranscriptStep } from "./transcript.ts"

/** Where sessions are played. */
export interface Stage {
  readonly kubectl: string
  /** Over https, with any certificate. */
  readonly url: string
  readonly token: string
  /** Calls the API past kubectl. */
  readonly call: (method: string, path: string, body?: object) => Promise<{ readonly ok: boolean }>
}

/** What came of a session, before anything is made comparable. */
export interface Played {
  readonly outcomes: ReadonlyArray<Partial<Outcome>>
  readonly variables: Readonly<Record<string, string>>
  readonly folder: string
}

const sleep = (millis: number): Promise<void> => new Promise((done) => setTimeout(done, millis))

const fillIn = <A>(value: A, variables: Readonly<Record<string, string>>): A =>
  JSON.parse(JSON.stringify(value).replace(/\$(?:\{([a-zA-Z]\w*)\}|([a-zA-Z]\w*))/g, (whole: string, braced?: string, bare?: string) => {
    const found = variables[braced ?? bare ?? ""]
    return found === undefined ? whole : JSON.stringify(found).slice(1, -1)
  })) as A

const writeKubeconfig = (folder: string, namespace: string, { token, url }: Stage): void =>
  writeFileSync(join(folder, "kubeconfig"), JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "case",
    clusters: [{ name: "case", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "case", user: { token } }],
    contexts: [{ name: "case", context: { cluster: "case", user: "case", namespace } }]
  }))

let sessions = 0

class Session {
  readonly variables: Record<string, string>
  readonly folder: string
  readonly running = new Map<string, Run>()
  private readonly stage: Stage

  constructor(stage: Stage) {
    const ns = `c-kubectl${String(++sessions).padStart(3, "0")}`
    this.stage = stage
    this.variables = { ns, ns2: `${ns}-b`, id: ns.slice(2) }
    this.folder = mkdtempSync(join(tmpdir(), "kubectl-"))
    writeKubeconfig(this.folder, ns, stage)
  }

  async step(template: TranscriptStep): Promise<Partial<Outcome>> {
    const step = fillIn(template, this.variables)
    for (const [name, text] of Object.entries(step.files ?? {})) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true })
      writeFileSync(join(this.folder, name), text)
    }
    const outcome = await this.carryOut(step)
    if (step.save !== undefined) this.variables[step.save] = (outcome.stdout ?? "").trim()
    if (step.grep === undefined) return outcome
    const kept = (outcome.stdout ?? "").split("\n").filter((line) => line !== "" && new RegExp(step.grep!).test(line))
    return { ...outcome, stdout: kept.map((line) => `${line}\n`).join("") }
  }

  private async carryOut(step: TranscriptStep): Promise<Partial<Outcome>> {
    if (step.sleepMs !== undefined) {
      await sleep(step.sleepMs)
      return {}
    }
    if (step.finish !== undefined) return this.finish(step.finish, step.lines)
    const run = (): Run => start(this.stage.kubectl, this.folder, step.args ?? [], step.stdin)
    if (step.background !== undefined) {
      const started = run()
      this.running.set(step.background, started)
      await started.printed(step.lines ?? 0)
      return {}
    }
    let outcome = await run().done
    for (let tries = 0; step.until !== undefined && outcome.code !== 0 && tries < 75; tries++) {
      await sleep(200)
      outcome = await run().done
    }
    return outcome
  }

  private async finish(name: string, lines: number | undefined): Promise<Outcome> {
    const { child, done, printed } = this.running.get(name)!
    this.running.delete(name)
    if (lines !== undefined) {
      await printed(lines)
      await sleep(100)
      child.kill("SIGKILL")
    }
    return done
  }
}

/** Plays a session from making its namespace to cleaning up. */
export const playTranscript = async (transcript: Transcript, stage: Stage): Promise<Played> => {
  const session = new Session(stage)
  const { folder, variables } = session
  const { ns } = variables
  const ownNamespace = transcript.namespace !== false
  const outcomes: Array<Partial<Outcome>> = []
  try {
    if (ownNamespace) {
      await stage.call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: ns } })
      for (let i = 0; i < 100 && !(await stage.call("GET", `/api/v1/namespaces/${ns}/serviceaccounts/default`)).ok; i++) await sleep(50)
    }
    for (const step of transcript.steps) outcomes.push(await session.step(step))
  } finally {
    for (const { child } of session.running.values()) child.kill("SIGKILL")
    for (const path of transcript.cleanup ?? []) await stage.call("DELETE", fillIn(path, variables))
    if (ownNamespace) await stage.call("DELETE", `/api/v1/namespaces/${ns}`, { propagationPolicy: "Background" })
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  return { outcomes, variables, folder }
}

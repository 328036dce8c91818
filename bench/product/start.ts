/** The quickstart with warm caches: time until the first task runs, and until all are done; with npm's own work and without. */
import { spawn } from "node:child_process"
import { performance } from "node:perf_hooks"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

interface Times {
  /** Milliseconds until the program said that a task runs. */
  readonly firstRunning: number
  readonly all: number
}

const run = (command: string, args: ReadonlyArray<string>): Promise<Times> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    let text = ""
    let running: number | undefined
    const listen = (more: string): void => {
      text += more
      if (running === undefined && /^running/m.test(text)) running = performance.now()
    }
    child.stdout.setEncoding("utf8").on("data", listen)
    // Progress is shown there.
    child.stderr.setEncoding("utf8").on("data", listen)
    child.once("error", reject)
    child.once("close", (code) => {
      if (code !== 0 || running === undefined) reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${text.slice(-2000)}`))
      else resolve({ firstRunning: running - began, all: performance.now() - began })
    })
  })

const best = async (command: string, args: ReadonlyArray<string>): Promise<Times> => {
  const rounds = [await run(command, args), await run(command, args), await run(command, args)]
  return { firstRunning: Math.round(Math.min(...rounds.map((it) => it.firstRunning))), all: Math.round(Math.min(...rounds.map((it) => it.all))) }
}

await run("npm", ["start"])
const program = await best(process.execPath, ["scripts/start.mjs"])
const withNpm = await best("npm", ["start"])
console.log(JSON.stringify({ name: "first task of the quickstart runs, from the start of the process", value: program.firstRunning, unit: "ms", atMost: 1000 }))
console.log(JSON.stringify({ name: "first task of the quickstart runs, from the start of npm", value: withNpm.firstRunning, unit: "ms" }))
console.log(JSON.stringify({ name: "quickstart done, from the start of npm", value: withNpm.all, unit: "ms", atMost: 5000 }))

/** Programs that serve what tasks of a run use: started when they are not there, stopped when the run is over. */
import { spawn } from "node:child_process"
import { existsSync, openSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { Data, Effect } from "effect"
import type { WebApiSource } from "../tasks/WebApiDocument.ts"

/** A service that did not come up. */
export class ServiceNotReady extends Data.TaggedError("ServiceNotReady")<{ readonly id: string; readonly description: string }> {
  override get message(): string {
    return `the service ${this.id} is not ready: ${this.description}`
  }
}

const startupTime = "20 seconds"
const lookInterval = 100

/**
 * Makes sure that the service answers, and stops it with the scope if this run, or an earlier part of it, started it. A service
 * that outlives a run which was killed is used again: it is found by its address, and stopped by the process id in the folder.
 */
export const serveWebApi = Effect.fnUntraced(function*({ file, id, process: program }: WebApiSource, folder: string, environment: { readonly [name: string]: string }) {
  if (program === undefined) return
  const pidFile = join(folder, `${id}.pid`)
  if (!(yield* answers(program.ready))) {
    const log = openSync(join(folder, `${id}.log`), "a")
    const [command = "", ...args] = program.command
    // A group of its own: the Ctrl-C of a terminal is for the run, which then has jobs to delete.
    const child = spawn(command, args, { cwd: dirname(resolve(file)), env: environment, stdio: ["ignore", log, log], detached: true })
    const failed = new Promise<string>((done) => {
      child.once("error", (error) => done(error.message))
      child.once("exit", (code, signal) => done(`it ended with ${code ?? signal}; see ${folder}/${id}.log`))
    })
    child.unref()
    if (child.pid !== undefined) writeFileSync(pidFile, String(child.pid))
    const ready = Effect.gen(function*() {
      while (!(yield* answers(program.ready))) yield* Effect.sleep(lookInterval)
    })
    const broken = Effect.flatMap(Effect.promise(() => failed), (description) => Effect.fail(new ServiceNotReady({ id, description })))
    yield* Effect.raceFirst(ready, broken).pipe(Effect.timeoutOrElse({
      duration: startupTime,
      orElse: () => Effect.fail(new ServiceNotReady({ id, description: `${program.ready} did not answer within ${startupTime}` }))
    }))
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => stop(pidFile)))
})

const answers = (url: string): Effect.Effect<boolean> =>
  Effect.tryPromise((signal) => fetch(url, { signal }).then((response) => response.ok)).pipe(
    Effect.timeout("2 seconds"),
    Effect.orElseSucceed(() => false)
  )

const stop = (pidFile: string): void => {
  if (!existsSync(pidFile)) return
  const pid = Number(readFileSync(pidFile, "utf8"))
  try {
    if (Number.isInteger(pid) && pid > 1) process.kill(pid, "SIGTERM")
  } catch {
    // It is gone already.
  }
}

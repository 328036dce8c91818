/** Keeps the TaskActions of a run in a file, so that a run that was cut short can go on. */
import type { ApiServer } from "@fairlead/api-server"
import { makeFolder } from "@fairlead/datastore/node"
import { type KubeObject, KubeResource } from "@fairlead/kube"
import { appendFileSync, existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { Data, Deferred, Effect } from "effect"
import { problemInCommands } from "../WorkFolder.ts"

/** A folder that a run cannot be kept in. */
export class RunFolderUnusable extends Data.TaggedError("RunFolderUnusable")<{ readonly folder: string; readonly problem: string }> {
  override get message(): string {
    return `the run cannot be kept in ${this.folder}: ${this.problem}`
  }
}

type Line =
  | { readonly object: KubeObject }
  | { readonly gone: { readonly namespace: string; readonly name: string } }
  | { readonly outputs: { readonly key: string; readonly folder: string } }

const actionsFile = "actions.jsonl"
const lockFile = "run.pid"

/** What is known of a run. */
export interface KeptRun {
  /** TaskActions as they were stored last. */
  readonly actions: ReadonlyArray<KubeObject>
  /** Folders of outputs that events have told. */
  readonly outputs: ReadonlyMap<string, string>
  readonly rememberOutputs: (key: string, folder: string) => void
  /** Puts the TaskActions back into a server and writes down every change from then on, before whoever made it gets an answer. */
  readonly serve: (server: ApiServer.ApiServer) => void
  /** Fails once a change cannot be written down, on a disk that is full for example; whoever made it gets no answer. */
  readonly broken: Effect.Effect<never, RunFolderUnusable>
  /** Lets go of the folder. */
  readonly close: () => void
}

/**
 * Opens the folder of a run, making it if need be.
 *
 * A change is in the file before the engine hears that it was stored: what the engine does because of a stored state can be found
 * again, even if the process is killed in that moment. It is not forced to the disk: a loss of power may lose the last changes.
 */
export const openKeptRun = (folder: string, pid: number = process.pid): Effect.Effect<KeptRun, RunFolderUnusable> =>
  Effect.tryPromise({
    try: async () => {
      mustFitCommands(resolve(folder))
      await makeFolder(resolve(folder))
      // Links are followed in what tasks get to see.
      mustFitCommands(realpathSync(folder))
      return open(folder, pid)
    },
    catch: (error) => unusable(folder, error, "give another folder")
  })

const mustFitCommands = (path: string): void => {
  const problem = problemInCommands(path)
  if (problem !== undefined) throw new Error(problem)
}

const unusable = (folder: string, error: unknown, remedy: string): RunFolderUnusable =>
  error instanceof RunFolderUnusable ? error : new RunFolderUnusable({ folder, problem: `${error instanceof Error ? error.message : String(error)}; ${remedy}` })

const open = (folder: string, pid: number): KeptRun => {
  lock(folder, pid)
  const file = join(folder, actionsFile)
  const { actions, outputs } = readAll(existsSync(file) ? readFileSync(file, "utf8") : "")
  const fresh: ReadonlyArray<Line> = [
    ...Array.from(actions.values(), (object) => ({ object })),
    ...Array.from(outputs, ([key, path]) => ({ outputs: { key, folder: path } }))
  ]
  // One line for each action, written whole or not at all.
  writeFileSync(`${file}.new`, fresh.map((line) => `${JSON.stringify(line)}\n`).join(""))
  renameSync(`${file}.new`, file)
  const broken = Deferred.makeUnsafe<never, RunFolderUnusable>()
  let failure: RunFolderUnusable | undefined
  const add = (line: Line): void => {
    // The first line that failed may be there in part: one more would be spoilt by it.
    if (failure !== undefined) throw failure
    try {
      appendFileSync(file, `${JSON.stringify(line)}\n`)
    } catch (error) {
      failure = unusable(folder, error, "once it can be written again, the same command goes on with the run")
      Deferred.doneUnsafe(broken, Effect.fail(failure))
      throw failure
    }
  }
  return {
    actions: Array.from(actions.values()),
    outputs,
    broken: Deferred.await(broken),
    rememberOutputs: (key, path) => add({ outputs: { key, folder: path } }),
    serve: (server) => {
      const { group, plural, version } = KubeResource.taskActions
      const resource = server.context.catalog.find(group, version, plural)
      if (resource === undefined) throw new Error("the server does not know TaskActions yet")
      for (const object of actions.values()) {
        server.context.store.put(resource.collection, object.metadata.namespace ?? "", object.metadata.name ?? "", structuredClone(object) as never)
      }
      server.onWrite(({ event, resource: written }) => {
        if (written.group !== group || written.plural !== plural) return
        add(event.type === "DELETED" ? { gone: { namespace: event.namespace, name: event.name } } : { object: event.object })
      })
    },
    close: () => rmSync(join(folder, lockFile), { force: true })
  }
}

const readAll = (text: string) => {
  const actions = new Map<string, KubeObject>()
  const outputs = new Map<string, string>()
  for (const line of text.split("\n")) {
    const read = lineOf(line)
    if (read === undefined) continue
    if ("object" in read) actions.set(`${read.object.metadata.namespace}/${read.object.metadata.name}`, read.object)
    else if ("gone" in read) actions.delete(`${read.gone.namespace}/${read.gone.name}`)
    else outputs.set(read.outputs.key, read.outputs.folder)
  }
  return { actions, outputs }
}

/** A line that was cut off tells of a change that nobody got an answer for. */
const lineOf = (text: string): Line | undefined => {
  try {
    return text === "" ? undefined : JSON.parse(text) as Line
  } catch {
    return undefined
  }
}

const lock = (folder: string, pid: number): void => {
  const file = join(folder, lockFile)
  const other = existsSync(file) ? Number(readFileSync(file, "utf8")) : Number.NaN
  if (Number.isInteger(other) && other !== pid && isAlive(other)) throw new RunFolderUnusable({ folder, problem: `another run, process ${other}, is at work there; wait for its end or choose another folder` })
  writeFileSync(file, String(pid))
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { readonly code?: string }).code === "EPERM"
  }
}

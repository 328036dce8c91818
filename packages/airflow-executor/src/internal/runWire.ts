/** Reads what comes over the wire and writes what goes. Whoever sends what cannot be read is told which field, and why. */
import type { CommandOptions } from "../KubernetesExecutor.ts"
import type { TaskCommand } from "../KubernetesJob.ts"
import type { RunView } from "../RunBook.ts"
import { type TaskKey, taskKey } from "../TaskKey.ts"
import { HttpRefusal } from "./httpAnswers.ts"

export interface RunRequest {
  readonly id: string
  readonly key: TaskKey
  readonly command: TaskCommand
  readonly options: CommandOptions
}

type Fields = { readonly [name: string]: unknown }

const invalid = (message: string): HttpRefusal => new HttpRefusal(400, "Invalid", message)
const isRecord = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value)

export const readJson = async (request: Request, bytesMost: number): Promise<unknown> => {
  const type = request.headers.get("content-type") ?? ""
  if (!type.startsWith("application/json")) throw new HttpRefusal(415, "UnsupportedMediaType", `the body must be application/json, but is ${type || "of no type"}`)
  const tooLarge = (bytes: string): HttpRefusal => new HttpRefusal(413, "RequestEntityTooLarge", `the body has ${bytes} bytes, ${bytesMost} at most`)
  const announced = Number(request.headers.get("content-length") ?? 0)
  if (announced > bytesMost) throw tooLarge(String(announced))
  const decoder = new TextDecoder()
  let text = ""
  let bytes = 0
  for await (const piece of request.body ?? []) {
    if ((bytes += piece.byteLength) > bytesMost) throw tooLarge(`more than ${bytesMost}`)
    text += decoder.decode(piece, { stream: true })
  }
  try {
    return JSON.parse(text + decoder.decode())
  } catch (error) {
    throw invalid(`the body is no JSON: ${(error as Error).message}`)
  }
}

export const readRuns = (body: unknown): ReadonlyArray<RunRequest> => {
  const runs = isRecord(body) ? body["runs"] : undefined
  if (!Array.isArray(runs)) throw invalid(`the body must be {"runs": [...]}`)
  return runs.map((run, at) => readRun(run, `runs[${at}]`))
}

const fields = new Set(["id", "key", "command", "workload", "executor_config", "priority", "queue", "image"])

const readRun = (run: unknown, path: string): RunRequest => {
  if (!isRecord(run)) throw invalid(`${path} must be an object`)
  const unknown = Object.keys(run).find((it) => !fields.has(it))
  if (unknown !== undefined) throw invalid(`${path} has a field "${unknown}", which nobody knows; there are ${[...fields].join(", ")}`)
  const { id, image, priority, queue } = run
  if (typeof id !== "string" || !/^[\w.:-]{1,200}$/.test(id)) throw invalid(`${path}.id must be 1 to 200 letters, digits and _ . : -`)
  if (priority !== undefined && (typeof priority !== "number" || !Number.isSafeInteger(priority))) throw invalid(`${path}.priority must be a whole number`)
  for (const [name, value] of [["queue", queue], ["image", image]] as const) {
    if (value !== undefined && typeof value !== "string") throw invalid(`${path}.${name} must be a text`)
  }
  const options: CommandOptions = { executorConfig: run["executor_config"], priority, queue: queue as string | undefined, image: image as string | undefined }
  return { id, key: readKey(run["key"], `${path}.key`), command: readCommand(run, path), options }
}

const readCommand = ({ command, workload }: Fields, path: string): TaskCommand => {
  if ((command === undefined) === (workload === undefined)) throw invalid(`${path} must have either command or workload`)
  if (workload !== undefined) {
    if (typeof workload !== "string" && !isRecord(workload)) throw invalid(`${path}.workload must be an object, or a text with its JSON`)
    return { _tag: "Workload", json: typeof workload === "string" ? workload : JSON.stringify(workload) }
  }
  if (!Array.isArray(command) || command.length === 0 || command.some((it) => typeof it !== "string")) throw invalid(`${path}.command must be a list of texts, and not empty`)
  return { _tag: "Words", words: command as ReadonlyArray<string> }
}

const readKey = (key: unknown, path: string): TaskKey => {
  if (!isRecord(key)) throw invalid(`${path} must be an object with dag_id, task_id, run_id, try_number and map_index`)
  const text = (name: string): string => {
    const value = key[name]
    if (typeof value !== "string") throw invalid(`${path}.${name} must be a text`)
    return value
  }
  const whole = (name: string, fallback: number): number => {
    const value = key[name] ?? fallback
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw invalid(`${path}.${name} must be a whole number`)
    return value
  }
  return taskKey(text("dag_id"), text("task_id"), text("run_id"), whole("try_number", 1), whole("map_index", -1))
}

export const keyFromWire = (key: unknown): TaskKey => readKey(key, "keys[]")

export const readLookup = (body: unknown): { readonly ids: ReadonlyArray<string>; readonly keys: ReadonlyArray<unknown> } => {
  if (!isRecord(body)) throw invalid(`the body must be {"ids": [...]} or {"keys": [...]}`)
  const { ids = [], keys = [] } = body
  if (!Array.isArray(ids) || ids.some((it) => typeof it !== "string") || !Array.isArray(keys)) throw invalid(`ids must be a list of texts, and keys a list of keys`)
  return { ids, keys }
}

/** A run in the words of Python. */
export const runToWire = ({ id, info, isFinal, key, pod, state }: RunView): object => ({
  id,
  key: { dag_id: key.dagId, task_id: key.taskId, run_id: key.runId, try_number: key.tryNumber, map_index: key.mapIndex },
  state,
  final: isFinal,
  ...(info === undefined ? {} : { info }),
  ...(pod === undefined ? {} : { pod })
})

/** Copilot: the containers around a task that bring its inputs as files and take its outputs from files. Here as data; `datastore` carries them out. */
import { create } from "@bufbuild/protobuf"
import { base64Encode } from "@bufbuild/protobuf/wire"
import { Data, Result } from "effect"
import * as Durations from "./Durations.ts"
import {
  type DataLoadingConfig,
  DataLoadingConfig_LiteralMapFormat,
  DataLoadingConfigSchema,
  type TaskTemplate,
  type TypedInterface,
  TypedInterfaceSchema,
  type VariableMap,
  VariableMapSchema
} from "./idl/core.generated.ts"
import { parseArguments } from "./internal/parseArguments.ts"
import type { Task } from "./Task.ts"
import * as Wire from "./Wire.ts"

/** Flyte's settings where a task gives none. */
export const defaults = {
  inputPath: "/var/flyte/inputs",
  outputPath: "/var/flyte/outputs",
  timeoutMillis: 3_600_000,
  /** File in the folder of outputs by which the task reports an error in words. */
  errorFile: "_ERROR",
  errorFileSizeMax: 1024 * 1024,
  outputsName: "outputs.pb",
  errorName: "error.pb"
} as const

/** Form of the summary of all inputs. */
export type Format = "JSON" | "YAML" | "PROTO"

/** Where files of inputs lie: `DIRECT` at `<input>`, `NAMED_DIR` at `<input>/<name of the file>`. */
export type Layout = "DIRECT" | "NAMED_DIR"

const formats: ReadonlyArray<Format> = ["JSON", "YAML", "PROTO"]
const layouts: ReadonlyArray<Layout> = ["DIRECT", "NAMED_DIR"]

/** Number of the field `file_input_layout`, which is younger than the published descriptors. */
const layoutField = 6

/** The wire form of a readable task's `dataConfig`, switched on. */
export const dataConfig = (settings: Task["dataConfig"] = {}): DataLoadingConfig => {
  const format = settings.format === undefined ? "JSON" : (settings.format.toUpperCase() as Format)
  const message = create(DataLoadingConfigSchema, {
    enabled: true,
    inputPath: settings.inputPath ?? "",
    outputPath: settings.outputPath ?? "",
    format: DataLoadingConfig_LiteralMapFormat[format]
  })
  if (settings.layout === "named") message.$unknown = [{ no: layoutField, wireType: 0, data: Uint8Array.of(1) }]
  return message
}

/** The form of the summary that a configuration asks for. */
export const formatOf = (config: DataLoadingConfig): Format => formats[config.format] ?? "JSON"

/** The layout that a configuration asks for. */
export const layoutOf = (config: DataLoadingConfig): Layout => {
  const field = config.$unknown?.findLast((it) => it.no === layoutField)
  return layouts[field?.data[0] ?? 0] ?? "DIRECT"
}

/** What a template asks of copilot; `undefined` when it wants no files or has no interface. */
export interface Plan {
  readonly config: DataLoadingConfig
  readonly interface: TypedInterface
  /** Folder to put inputs into; `undefined` if the task declares none. */
  readonly inputPath: string | undefined
  /** Folder to take outputs from; `undefined` if the task declares none. */
  readonly outputPath: string | undefined
}

/** Reads from a template whether and where copilot works. */
export const plan = (template: TaskTemplate): Plan | undefined => {
  const { case: kind, value } = template.target
  const config = kind === "container" || kind === "k8sPod" ? value.dataConfig : undefined
  if (config === undefined || !config.enabled || template.interface === undefined) return undefined
  const declares = (map: VariableMap | undefined): boolean => (map?.variables.length ?? 0) > 0
  return {
    config,
    interface: template.interface,
    inputPath: declares(template.interface.inputs) ? config.inputPath || defaults.inputPath : undefined,
    outputPath: declares(template.interface.outputs) ? config.outputPath || defaults.outputPath : undefined
  }
}

/** What `copilot download` does: reads `inputs.pb` and writes one file per input. */
export interface Download {
  /** URI of `inputs.pb`. */
  readonly fromRemote: string
  /** Folder that gets `error.pb` if something goes wrong. */
  readonly toOutputPrefix: string
  readonly toLocalDir: string
  readonly format: Format
  readonly layout: Layout
  readonly timeoutMillis: number
  readonly errorName: string
  readonly interface: VariableMap | undefined
}

/** What `copilot sidecar` does: waits for the end of the task, then uploads one output per file. */
export interface Sidecar {
  readonly toOutputPrefix: string
  /** Folder for files and folders that are outputs. */
  readonly toRawOutput: string
  readonly fromLocalDir: string
  readonly timeoutMillis: number
  readonly outputsName: string
  readonly errorName: string
  readonly interface: TypedInterface | undefined
}

/**
 * Name of the file for errors, if it must be said. Flyte's binary writes `errors.pb` unless told `error.pb`, which is what
 * engines read; ours needs no telling.
 */
export interface ErrorName {
  readonly errorName?: string | undefined
}

const errorNameArguments = ({ errorName }: ErrorName): ReadonlyArray<string> => (errorName === undefined ? [] : ["--err-output-name", errorName])

/** Writes the arguments of Flyte's `download`, after the command itself. */
export const downloadArguments = (
  options: Pick<Download, "fromRemote" | "toOutputPrefix" | "toLocalDir" | "format" | "layout"> & ErrorName & { readonly interface: VariableMap }
): ReadonlyArray<string> => [
  "download",
  "--from-remote",
  options.fromRemote,
  "--to-output-prefix",
  options.toOutputPrefix,
  "--to-local-dir",
  options.toLocalDir,
  "--format",
  options.format,
  "--file-input-layout",
  options.layout,
  "--input-interface",
  base64Encode(Wire.encode(VariableMapSchema, options.interface)),
  ...errorNameArguments(options)
]

/** Writes the arguments of Flyte's `sidecar`, after the command itself. */
export const sidecarArguments = (
  options: Pick<Sidecar, "toOutputPrefix" | "toRawOutput" | "fromLocalDir" | "timeoutMillis"> & ErrorName & { readonly interface: TypedInterface }
): ReadonlyArray<string> => [
  "sidecar",
  "--timeout",
  Durations.formatMillis(options.timeoutMillis),
  "--to-raw-output",
  options.toRawOutput,
  "--to-output-prefix",
  options.toOutputPrefix,
  "--from-local-dir",
  options.fromLocalDir,
  "--interface",
  base64Encode(Wire.encode(TypedInterfaceSchema, options.interface)),
  ...errorNameArguments(options)
]

/** Arguments that are no copilot command; `problem` says which and why. */
export class CopilotArgumentsInvalid extends Data.TaggedError("CopilotArgumentsInvalid")<{ readonly problem: string }> {
  override get message(): string {
    return `copilot: ${this.problem}`
  }
}

/** A copilot command with all its settings. */
export type Command =
  | { readonly _tag: "Download"; readonly options: Download }
  | { readonly _tag: "Sidecar"; readonly options: Sidecar }

/** Flags of Flyte's own binary that say where its storage is; ours is told otherwise, so they do not matter. */
const everywhere = {
  switches: ["storage.enable-multicontainer", "show-source"],
  passedOver: ["storage.", "logger.", "config", "kubeconfig"]
}

const downloadFlags = {
  names: ["from-remote", "to-output-prefix", "to-local-dir", "format", "download-mode", "file-input-layout", "timeout", "input-interface", "err-output-name"],
  letters: { f: "from-remote", o: "to-local-dir", m: "format", d: "download-mode", t: "timeout", i: "input-interface", s: "show-source" },
  ...everywhere
}

const sidecarFlags = {
  names: [
    "to-output-prefix", "to-raw-output", "from-local-dir", "format", "upload-mode", "meta-output-name", "timeout", "start-timeout", "interface",
    "start-watcher-type", "exit-watcher-type", "err-output-name"
  ],
  letters: { o: "to-output-prefix", x: "to-raw-output", f: "from-local-dir", m: "format", u: "upload-mode", t: "timeout", i: "interface", s: "show-source" },
  ...everywhere
}

/** Reads the arguments of either command, as Flyte's binary or ours gets them. */
export const parse = (args: ReadonlyArray<string>): Result.Result<Command, CopilotArgumentsInvalid> => {
  const command = args.find((it) => it === "download" || it === "sidecar")
  if (command === undefined) return refuse(`expected download or sidecar, got ${args.join(" ") || "nothing"}`)
  const table = command === "download" ? downloadFlags : sidecarFlags
  const parsed = parseArguments(args, table)
  if (Result.isFailure(parsed)) return refuse(`${command}: ${parsed.failure}`)
  if (parsed.success.rest.length > 1) return refuse(`${command}: unexpected argument "${parsed.success.rest.find((it) => it !== command)}"`)
  const result = command === "download" ? readDownload(parsed.success.flags) : readSidecar(parsed.success.flags)
  return Result.mapError(result, (problem) => new CopilotArgumentsInvalid({ problem: `${command}: ${problem}` }))
}

const refuse = (problem: string): Result.Result<never, CopilotArgumentsInvalid> => Result.fail(new CopilotArgumentsInvalid({ problem }))

type Flags = ReadonlyMap<string, string>

const readDownload = (flags: Flags): Result.Result<Command, string> =>
  Result.gen(function*() {
    const encoded = flags.get("input-interface")
    return {
      _tag: "Download",
      options: {
        fromRemote: yield* required(flags, "from-remote"),
        toOutputPrefix: yield* required(flags, "to-output-prefix"),
        toLocalDir: yield* required(flags, "to-local-dir"),
        format: yield* oneOf(flags, "format", formats),
        layout: yield* oneOf(flags, "file-input-layout", layouts),
        timeoutMillis: yield* duration(flags, ["timeout"]),
        errorName: flags.get("err-output-name") ?? defaults.errorName,
        interface: encoded === undefined ? undefined : yield* Result.mapError(Wire.decodeBase64(VariableMapSchema, encoded), (error) => `--input-interface: ${error.message}`)
      }
    }
  })

const readSidecar = (flags: Flags): Result.Result<Command, string> =>
  Result.gen(function*() {
    const encoded = flags.get("interface")
    const toOutputPrefix = yield* required(flags, "to-output-prefix")
    return {
      _tag: "Sidecar",
      options: {
        toOutputPrefix,
        toRawOutput: flags.get("to-raw-output") || toOutputPrefix,
        fromLocalDir: yield* required(flags, "from-local-dir"),
        timeoutMillis: yield* duration(flags, ["timeout", "start-timeout"]),
        outputsName: flags.get("meta-output-name") ?? defaults.outputsName,
        errorName: flags.get("err-output-name") ?? defaults.errorName,
        interface: encoded === undefined ? undefined : yield* Result.mapError(Wire.decodeBase64(TypedInterfaceSchema, encoded), (error) => `--interface: ${error.message}`)
      }
    }
  })

const required = (flags: Flags, name: string): Result.Result<string, string> => {
  const value = flags.get(name)
  return value === undefined || value === "" ? Result.fail(`--${name} is required`) : Result.succeed(value)
}

const oneOf = <A extends string>(flags: Flags, name: string, values: ReadonlyArray<A>): Result.Result<A, string> => {
  const text = flags.get(name)
  if (text === undefined || text === "") return Result.succeed(values[0]!)
  const value = values.find((it) => it === text)
  return value === undefined ? Result.fail(`--${name} is "${text}"; it can be ${values.join(", ")}`) : Result.succeed(value)
}

/** Zero means as long as it takes. */
const duration = (flags: Flags, names: ReadonlyArray<string>): Result.Result<number, string> => {
  const name = names.find((it) => flags.has(it))
  if (name === undefined) return Result.succeed(defaults.timeoutMillis)
  const millis = Durations.parseMillis(flags.get(name)!)
  return millis === undefined || millis < 0 ? Result.fail(`--${name} is "${flags.get(name)}"; write it as 90s or 1h`) : Result.succeed(millis)
}

/** `fairlead copilot`: brings inputs as files and takes outputs from files, beside the container of a task. */
import { Copilot } from "@fairlead/core"
import { CopilotDownload, CopilotSidecar } from "@fairlead/datastore"
import { DatastoreFile, LocalFilesDisk } from "@fairlead/datastore/node"
import { Effect, Layer, Result } from "effect"

/** What `fairlead copilot --help` prints. */
export const copilotHelp = `fairlead copilot brings the inputs of a task as files, and takes its outputs from files.
It runs in containers beside the task and takes the arguments of Flyte's copilot, so either image serves.

  fairlead copilot download --from-remote URI --to-output-prefix URI --to-local-dir DIR
                            [--format JSON|YAML|PROTO] [--file-input-layout DIRECT|NAMED_DIR] --input-interface BASE64
  fairlead copilot sidecar  --timeout 1h --to-raw-output URI --to-output-prefix URI --from-local-dir DIR --interface BASE64

The sidecar waits for SIGTERM, which tells it that the task has ended.
`

/** Where the words of a failure go. */
export interface CopilotPlace {
  readonly writeError: (text: string) => void
  /** Where it says what it waits for; nobody needs it where it does not wait for long. */
  readonly note?: ((text: string) => void) | undefined
  /** Completes when this process is told to end. */
  readonly terminated: Effect.Effect<void>
}

/** Carries out the arguments and gives the exit code: 0, 1 when inputs or outputs could not be moved, 2 for bad arguments. */
export const runCopilot = Effect.fnUntraced(function*(args: ReadonlyArray<string>, place: CopilotPlace) {
  const parsed = Copilot.parse(args)
  if (Result.isFailure(parsed)) {
    place.writeError(`${parsed.failure.message}\n`)
    return 2
  }
  const command = parsed.success
  if (command._tag === "Sidecar") place.note?.(`waiting for the end of the task, whose outputs will be in ${command.options.fromLocalDir}\n`)
  const work: Effect.Effect<string | undefined, { readonly message: string }, Needs> = command._tag === "Download"
    ? Effect.as(CopilotDownload.run(command.options), undefined)
    : Effect.map(CopilotSidecar.run(command.options, place.terminated), (outcome) => (outcome._tag === "Reported" ? outcome.error.message : undefined))
  const ended = yield* Effect.result(Effect.provide(work, layers))
  const problem = Result.match(ended, { onFailure: (error) => error.message, onSuccess: (message) => message })
  if (problem === undefined) return 0
  place.writeError(`${problem}\n`)
  // A reported error is in error.pb, where the engine reads it; the exit code is for people who look at the pod.
  return 1
})

type Needs = Layer.Success<typeof layers>

/** Everything that this process may read; a container sees only its own files. */
const layers = Layer.mergeAll(DatastoreFile.layer({ root: "/" }), LocalFilesDisk.layer)

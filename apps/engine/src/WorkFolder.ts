/** The folder that a command works in. */
import { Data, Effect, FileSystem } from "effect"
import { Machine } from "./Machine.ts"

/** No folder can be made where temporary files go. */
export class WorkFolderUnusable extends Data.TaggedError("WorkFolderUnusable")<{ readonly place: string; readonly problem: string }> {
  override get message(): string {
    return `no folder can be made in ${this.place}, where temporary files go: ${this.problem}; give another with the variable TMPDIR`
  }
}

/** A folder among the temporary files, without links in its path. It goes with the scope unless it is to be kept. */
export const workFolder = Effect.fnUntraced(function*(keep: boolean = false) {
  const fs = yield* FileSystem.FileSystem
  const { temporaryDirectory } = yield* Machine
  const settings = { directory: temporaryDirectory, prefix: "fairlead-" }
  const made = Effect.flatMap(keep ? fs.makeTempDirectory(settings) : fs.makeTempDirectoryScoped(settings), fs.realPath)
  return yield* Effect.mapError(made, (error) => new WorkFolderUnusable({ place: temporaryDirectory, problem: error.message }))
})

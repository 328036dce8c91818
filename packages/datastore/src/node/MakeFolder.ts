/** Folders of the local disk. */
import { mkdir, stat } from "node:fs/promises"
import { dirname } from "node:path"

/**
 * Makes a folder and those above it that are missing; what is there already is left as it is. Rejects with an `Error` whose message names the folder.
 *
 * Node's own recursive way never ends where a folder is there and yet says that it is not when something is to be made in it, as `/proc` does.
 */
export const makeFolder = async (path: string): Promise<void> => {
  if (await isMade(path)) return
  const parent = dirname(path)
  await makeFolder(parent)
  if (!(await isMade(path))) throw new Error(`no folder can be made in ${parent}`)
}

/** Makes the folder unless it is there; answers `false` when what it is to be in seems to be missing. */
const isMade = async (path: string): Promise<boolean> => {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    if (await stat(path).then((it) => it.isDirectory(), () => false)) return true
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && dirname(path) !== path) return false
    throw error
  }
}

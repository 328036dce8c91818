/** The files of the local disk, as copilot sees them. */
import { Effect, Layer, Option, Stream } from "effect"
import { createReadStream } from "node:fs"
import { open, readdir, readFile, stat, writeFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { type LocalEntry, type LocalFile, LocalFiles, LocalFilesError, type LocalFilesService } from "../LocalFiles.ts"
import { makeFolder } from "./MakeFolder.ts"

const attempt = <A>(method: string, path: string, run: () => Promise<A>): Effect.Effect<A, LocalFilesError> =>
  Effect.tryPromise({ try: run, catch: (error) => failure(method, path, error) })

const failure = (method: string, path: string, error: unknown): LocalFilesError =>
  new LocalFilesError({ method, path, description: error instanceof Error ? error.message : String(error) })

const isMissing = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(String((error as { readonly code?: unknown }).code))

/** The value for what is not there, and every other failure as it is. */
const orElse = <A>(value: A) => (error: unknown): A => {
  if (isMissing(error)) return value
  throw error
}

const service: LocalFilesService = {
  stat: (path) =>
    attempt("stat", path, () =>
      stat(path).then(
        (it) => Option.some<LocalEntry>(it.isDirectory() ? { _tag: "Folder" } : { _tag: "File", size: it.size }),
        orElse(Option.none<LocalEntry>())
      )),
  names: (folder) => attempt("names", folder, () => readdir(folder).then((names) => names.sort(), orElse<Array<string>>([]))),
  files: (folder) => attempt("files", folder, () => filesBelow(folder)),
  read: (path) => attempt("read", path, async () => new Uint8Array(await readFile(path))),
  readStream: (path) => Stream.suspend(() => Stream.fromAsyncIterable(createReadStream(path) as AsyncIterable<Uint8Array>, (error) => failure("readStream", path, error))),
  write: (path, bytes) =>
    attempt("write", path, async () => {
      await makeFolder(dirname(path))
      await writeFile(path, bytes)
    }),
  writeStream: (path, bytes) =>
    Effect.acquireUseRelease(
      attempt("writeStream", path, async () => {
        await makeFolder(dirname(path))
        return await open(path, "w")
      }),
      (file) => Stream.runForEach(bytes, (chunk) => attempt("writeStream", path, () => file.writeFile(chunk))),
      (file) => attempt("writeStream", path, () => file.close())
    ),
  makeFolder: (path) => attempt("makeFolder", path, () => makeFolder(path))
}

const filesBelow = async (folder: string): Promise<ReadonlyArray<LocalFile>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found: Array<LocalFile> = []
  for (const entry of entries) {
    if (!entry.isFile() && !entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const target = await stat(path)
    if (target.isDirectory()) throw new Error(`${path} is a link to a folder; put the folder itself there`)
    found.push({ path: relative(folder, path), size: target.size })
  }
  return found.sort((left, right) => (left.path < right.path ? -1 : 1))
}

/** The local disk. */
export const layer: Layer.Layer<LocalFiles> = Layer.succeed(LocalFiles, service)

/** A disk in memory, for tests and simulations of copilot. */
import { Effect, Layer, Option, Stream } from "effect"
import { concat } from "./internal/bytes.ts"
import { type LocalEntry, LocalFiles, LocalFilesError, type LocalFilesService } from "./LocalFiles.ts"

/** A disk in memory: what is under a path, `null` for an empty folder. */
export type MemoryDisk = Map<string, Uint8Array | null>

/** Files in memory, over a map that the caller can look into. */
export const make = (disk: MemoryDisk = new Map()): LocalFilesService => {
  const below = (folder: string): ReadonlyArray<string> => [...disk.keys()].filter((path) => path.startsWith(`${folder}/`)).sort()
  const read: LocalFilesService["read"] = (path) =>
    Effect.suspend(() => {
      const bytes = disk.get(path)
      return bytes == null ? Effect.fail(new LocalFilesError({ method: "read", path, description: "no such file" })) : Effect.succeed(bytes)
    })
  const write: LocalFilesService["write"] = (path, bytes) => Effect.sync(() => void disk.set(path, bytes))
  return {
    read,
    write,
    stat: (path) =>
      Effect.sync(() => {
        const bytes = disk.get(path)
        if (bytes != null) return Option.some<LocalEntry>({ _tag: "File", size: bytes.length })
        return bytes === null || below(path).length > 0 ? Option.some<LocalEntry>({ _tag: "Folder" }) : Option.none()
      }),
    names: (folder) => Effect.sync(() => [...new Set(below(folder).map((path) => path.slice(folder.length + 1).split("/")[0]!))]),
    files: (folder) =>
      Effect.sync(() =>
        below(folder).flatMap((path) => {
          const bytes = disk.get(path)
          return bytes == null ? [] : [{ path: path.slice(folder.length + 1), size: bytes.length }]
        })),
    readStream: (path) => Stream.fromEffect(read(path)),
    writeStream: (path, bytes) => Effect.flatMap(Stream.runCollect(bytes), (chunks) => write(path, concat(chunks))),
    makeFolder: (path) => Effect.sync(() => void (disk.has(path) || disk.set(path, null)))
  }
}

/** Files in memory, for tests and simulations. */
export const layer = (disk?: MemoryDisk): Layer.Layer<LocalFiles> => Layer.sync(LocalFiles, () => make(disk))

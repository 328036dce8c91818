/** The files that a container and its copilot share: the little of a file system that copilot needs. */
import { Context, Data, type Effect, type Option, type Stream } from "effect"

/** The local disk failed. */
export class LocalFilesError extends Data.TaggedError("LocalFilesError")<{
  readonly method: string
  readonly path: string
  readonly description: string
}> {
  override get message(): string {
    return `LocalFiles.${this.method} failed: ${this.description}: ${this.path}`
  }
}

/** A file or a folder. */
export type LocalEntry = { readonly _tag: "File"; readonly size: number } | { readonly _tag: "Folder" }

/** A file below a folder. */
export interface LocalFile {
  /** From the folder on, with slashes. */
  readonly path: string
  readonly size: number
}

/** What copilot does on the disk. Paths are absolute. Writing makes the folders that it needs. */
export interface LocalFilesService {
  /** Looks what is at a path; links are followed. */
  readonly stat: (path: string) => Effect.Effect<Option.Option<LocalEntry>, LocalFilesError>
  /** Names in a folder, sorted; empty when it is not there. */
  readonly names: (folder: string) => Effect.Effect<ReadonlyArray<string>, LocalFilesError>
  /** All files below a folder, however deep, sorted. Links to files count as files; a link to a folder is an error. */
  readonly files: (folder: string) => Effect.Effect<ReadonlyArray<LocalFile>, LocalFilesError>
  readonly read: (path: string) => Effect.Effect<Uint8Array, LocalFilesError>
  readonly readStream: (path: string) => Stream.Stream<Uint8Array, LocalFilesError>
  readonly write: (path: string, bytes: Uint8Array) => Effect.Effect<void, LocalFilesError>
  readonly writeStream: <E, R>(path: string, bytes: Stream.Stream<Uint8Array, E, R>) => Effect.Effect<void, LocalFilesError | E, R>
  readonly makeFolder: (path: string) => Effect.Effect<void, LocalFilesError>
}

/** Reads and writes the files that a container and its copilot share. */
export class LocalFiles extends Context.Service<LocalFiles, LocalFilesService>()("@fairlead/datastore/LocalFiles") {}

/** A store of files on the local disk: URIs of the form `file:///folder/file`, all below one root folder. */
import { Data, Effect, Layer, Option, Result, Stream } from "effect"
import { createReadStream } from "node:fs"
import { copyFile, type FileHandle, open, readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises"
import { dirname, join, relative, resolve, sep } from "node:path"
import { Datastore, DatastoreError, type DatastoreReason, type DatastoreService, findBy, signedUrlUnsupported, type StoredObject } from "../Datastore.ts"
import * as Reference from "../Reference.ts"
import { makeFolder } from "./MakeFolder.ts"

/** Settings of a store on disk. */
export interface DatastoreFileOptions {
  /** Absolute path of the folder that the store may use; nothing outside of it is read or written, not even through links. */
  readonly root: string
  /** More such folders. */
  readonly alsoRoots?: ReadonlyArray<string> | undefined
}

/** Ends of the names of files that are being written. */
const temporary = ".fairlead-tmp"

/** Makes a store below a root folder, which need not exist yet. */
export const make = ({ alsoRoots = [], root }: DatastoreFileOptions): DatastoreService => {
  const folders = [root, ...alsoRoots].map((it) => resolve(it))

  /** Runs file operations on the path of a URI once it is known to be inside of the root, links followed. */
  const at = <A>(method: string, uri: string, use: (path: string) => Promise<A>): Effect.Effect<A, DatastoreError> =>
    Effect.tryPromise({
      try: async () => {
        const { path, root: folder } = pathOf(uri, folders)
        await assertInside(path, folder)
        return await use(path)
      },
      catch: (error) => new DatastoreError({ method, uri, reason: reasonOf(method, error) })
    })

  const write: DatastoreService["write"] = (uri, bytes) => at("write", uri, (path) => replace(path, (file) => file.writeFile(bytes)))

  const writeStream: DatastoreService["writeStream"] = Effect.fnUntraced(function*(uri, bytes) {
    yield* Effect.acquireUseRelease(
      at("writeStream", uri, createTemporary),
      ({ file, name, path }) =>
        Effect.andThen(
          Stream.runForEach(bytes, (chunk) => at("writeStream", uri, async () => void (await file.writeFile(chunk)))),
          at("writeStream", uri, async () => {
            await file.close()
            await rename(name, path)
          })
        ),
      // After a success both find nothing to do.
      ({ file, name }) => Effect.promise(() => file.close().catch(() => undefined).then(() => rm(name, { force: true })))
    )
  })

  const read: DatastoreService["read"] = (uri, { maxBytes = 0 } = {}) =>
    at("read", uri, async (path) => {
      const { size } = await stat(path)
      if (maxBytes > 0 && size > maxBytes) throw new Refusal({ reason: { _tag: "LimitExceeded", size, limit: maxBytes } })
      const bytes = await readFile(path)
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    })

  return {
    read,
    find: findBy(read),
    write,
    writeStream,
    head: (uri) =>
      at("head", uri, async (path) => {
        const found = await stat(path)
        return found.isFile() ? Option.some({ uri: uriOf(path), size: found.size }) : Option.none<StoredObject>()
      }).pipe(Effect.catchIf(isNotFound, () => Effect.succeedNone)),
    readStream: (uri) =>
      Stream.unwrap(
        Effect.map(at("readStream", uri, async (path) => {
          if (!(await stat(path)).isFile()) throw new Refusal({ reason: { _tag: "NotFound" } })
          return path
        }), (path) =>
          Stream.fromAsyncIterable(
            createReadStream(path) as AsyncIterable<Uint8Array>,
            (error) => new DatastoreError({ method: "readStream", uri, reason: reasonOf("readStream", error) })
          ))
      ),
    list: (uri) => at("list", uri, (path) => listBelow(path)),
    copy: (from, to) =>
      at("copy", from, (source) => stat(source).then(() => source)).pipe(
        Effect.flatMap((source) => at("copy", to, (target) => replace(target, (_, name) => copyFile(source, name))))
      ),
    delete: (uri) => at("delete", uri, (path) => rm(path, { force: true })).pipe(Effect.catchIf(isNotFound, () => Effect.void)),
    signedUrl: signedUrlUnsupported
  }
}

/** A refusal of our own among the errors of the file system. */
class Refusal extends Data.Error<{ readonly reason: DatastoreReason }> {}

const refuse = (reason: DatastoreReason): never => {
  throw new Refusal({ reason })
}

const pathOf = (uri: string, roots: ReadonlyArray<string>): { readonly path: string; readonly root: string } => {
  const parsed = Reference.parse(uri)
  if (Result.isFailure(parsed)) return refuse({ _tag: "InvalidUri", description: parsed.failure })
  const { authority, key, scheme } = parsed.success
  if (scheme !== "file") return refuse({ _tag: "InvalidUri", description: `this store holds file:// URIs only` })
  if (authority !== "" && authority !== "localhost") {
    return refuse({ _tag: "InvalidUri", description: `a file has no host, here "${authority}"; write three slashes: file:///folder/file` })
  }
  const path = resolve("/", key)
  const root = roots.find((it) => isInside(path, it))
  return root === undefined ? refuse({ _tag: "AccessDenied", description: `it is outside of the folder ${roots.join(", ")}` }) : { path, root }
}

const uriOf = (path: string): string => `file://${path}`

const isInside = (path: string, root: string): boolean => {
  const way = relative(root, path)
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`))
}

/** Follows links of the deepest part of a path that exists; the rest of it does not exist, so it cannot lead elsewhere. */
const assertInside = async (path: string, root: string): Promise<void> => {
  const [real, realRoot] = [await realExisting(path), await realExisting(root)]
  if (!isInside(real, realRoot)) {
    refuse({ _tag: "AccessDenied", description: `a link leads out of the folder ${root}, to ${real}` })
  }
}

const realExisting = async (path: string): Promise<string> => {
  try {
    return await realpath(path)
  } catch (error) {
    const parent = dirname(path)
    if (codeOf(error) !== "ENOENT" || parent === path) throw error
    return realExisting(parent)
  }
}

let writes = 0

/** Opens a new file next to where it will belong, so that moving it there is one step. */
const createTemporary = async (path: string): Promise<{ readonly file: FileHandle; readonly name: string; readonly path: string }> => {
  for (let isMade = false;;) {
    // Of the file's own name nothing is in it: that may be as long as names can be.
    const name = join(dirname(path), `.${process.pid}-${++writes}${temporary}`)
    const file = await open(name, "wx").catch((error: unknown) => (codeOf(error) === "ENOENT" && !isMade) || codeOf(error) === "EEXIST" ? undefined : Promise.reject(error))
    if (file !== undefined) return { file, name, path }
    // Its folder is not there yet; or else another machine that shares the disk has a process of our number.
    await makeFolder(dirname(path))
    isMade = true
  }
}

const replace = async (path: string, fill: (file: FileHandle, name: string) => Promise<unknown>): Promise<void> => {
  const { file, name } = await createTemporary(path)
  try {
    await fill(file, name)
    await file.close()
    await rename(name, path)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(name, { force: true })
    throw error
  }
}

const listBelow = async (folder: string): Promise<ReadonlyArray<StoredObject>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return []
    throw error
  })
  const objects: Array<StoredObject> = []
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.endsWith(temporary)) continue
    const path = join(entry.parentPath, entry.name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined) objects.push({ uri: uriOf(path), size: found.size })
  }
  return objects.sort((left, right) => (left.uri < right.uri ? -1 : 1))
}

const codeOf = (error: unknown): string => String((error as { readonly code?: unknown }).code ?? "")

const isNotFound = (error: DatastoreError): boolean => error.reason._tag === "NotFound"

const writing = new Set(["write", "writeStream", "copy"])

const reasonOf = (method: string, error: unknown): DatastoreReason => {
  if (error instanceof Refusal) return error.reason
  const description = error instanceof Error ? error.message : String(error)
  switch (codeOf(error)) {
    case "ENOENT":
      return { _tag: "NotFound" }
    case "ENOTDIR":
    case "EISDIR":
    case "ERR_FS_EISDIR":
      return writing.has(method) ? { _tag: "InvalidUri", description: "a file and a folder cannot have the same name" } : { _tag: "NotFound" }
    case "EEXIST":
    case "ENAMETOOLONG":
      return { _tag: "InvalidUri", description }
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ELOOP":
      return { _tag: "AccessDenied", description }
    default:
      return { _tag: "Unavailable", description }
  }
}

/** A store below a root folder. */
export const layer = (options: DatastoreFileOptions): Layer.Layer<Datastore> => Layer.sync(Datastore, () => make(options))

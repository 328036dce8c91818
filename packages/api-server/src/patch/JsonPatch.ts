/** JSON patches (RFC 6902) with the quirks of the library that Kubernetes uses; see the tests for each. */
import { jsonEqual } from "@fairlead/kube"
import { isObject, put, type Fields } from "../builtin/Sharing.ts"

/** One operation; everything but `op` may be missing. */
export type Operation = Fields

/** Copies may not add up to more than this many characters of JSON, so that a short patch cannot make a huge object. */
const copySizeMax = 3 * 1024 * 1024

/** Why an operation does not apply; Kubernetes keeps it from its clients. */
export class Inapplicable extends Error {}

/** A test among the operations failed. */
export class TestFailed extends Inapplicable {}

/** Applies the operations in order. Nothing given is changed; untouched parts are shared. Throws `Inapplicable`. */
export const applyJsonPatch = (current: unknown, operations: ReadonlyArray<Operation>): unknown => {
  const copied = { size: 0 }
  return operations.reduce<unknown>((document, operation) => applyOperation(document, (operation as Operation | null) ?? {}, copied), current)
}

const applyOperation = (document: unknown, operation: Operation, copied: { size: number }): unknown => {
  const path = operation["path"]
  const value = operation["value"] ?? null
  switch (operation["op"]) {
    case "add":
      return change(document, textOf(path), (container, key) => withAdded(container, key, value))
    case "remove":
      return change(document, textOf(path), withRemoved)
    case "replace":
      return path === "" ? wholeDocument(value) : change(document, textOf(path), (container, key) => withReplaced(container, key, value))
    case "move": {
      const moved = read(document, textOf(operation["from"]))
      const without = change(document, textOf(operation["from"]), withRemoved)
      return change(without, textOf(path), (container, key) => withAdded(container, key, moved))
    }
    case "copy": {
      const found = read(document, textOf(operation["from"]))
      copied.size += found === null ? 0 : JSON.stringify(found).length
      if (copied.size > copySizeMax) throw new Inapplicable(`copies of ${copied.size} characters exceed the limit of ${copySizeMax}`)
      return change(document, textOf(path), (container, key) => withAdded(container, key, found))
    }
    case "test":
      test(document, path, value)
      return document
    default:
      throw new Inapplicable(`unexpected kind of operation: ${JSON.stringify(operation["op"])}`)
  }
}

const wholeDocument = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) throw new Inapplicable("the whole document can only become an object or a list")
  return value
}

const test = (document: unknown, path: unknown, value: unknown): void => {
  const found = path === "" ? document : read(document, textOf(path))
  if (!jsonEqual(found, value)) throw new TestFailed(`the test of ${String(path)} failed`)
}

const textOf = (path: unknown): string => {
  if (typeof path !== "string") throw new Inapplicable("the operation lacks a path")
  return path
}

const segmentsOf = (path: string): ReadonlyArray<string> => {
  const segments = path.split("/")
  if (segments.length < 2) throw new Inapplicable(`the path ${path} does not start with a slash`)
  return segments.slice(1).map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"))
}

type Container = Fields | ReadonlyArray<unknown>

const containerOf = (value: unknown, path: string): Container => {
  if (Array.isArray(value) || isObject(value)) return value as Container
  throw new Inapplicable(`there is nothing that could hold ${path}`)
}

/** Position of an existing item; negative indexes count from the end. */
const indexOf = (list: ReadonlyArray<unknown>, key: string, length = list.length): number => {
  if (!/^[+-]?\d+$/.test(key)) throw new Inapplicable(`${key} is no index`)
  const index = Number(key)
  if (index >= length || index < -length) throw new Inapplicable(`the index ${key} is out of range`)
  return index < 0 ? index + length : index
}

/** What stands at a key; a key that is missing from an object reads as null. */
const get = (container: Container, key: string): unknown => {
  if (Array.isArray(container)) return container[indexOf(container, key)]
  return Object.hasOwn(container, key) ? (container as Fields)[key] : null
}

const read = (document: unknown, path: string): unknown => {
  const segments = segmentsOf(path)
  const last = segments.at(-1) as string
  const holder = segments.slice(0, -1).reduce<Container>((at, key) => containerOf(get(at, key), path), containerOf(document, path))
  return get(holder, last)
}

/** Copies the containers on the way to `path` and lets `edit` make the last of them anew. */
const change = (document: unknown, path: string, edit: (container: Container, key: string) => Container): unknown => {
  const segments = segmentsOf(path)
  const step = (value: unknown, depth: number): Container => {
    const container = containerOf(value, path)
    const key = segments[depth] as string
    if (depth === segments.length - 1) return edit(container, key)
    return withSet(container, key, step(get(container, key), depth + 1))
  }
  return step(document, 0)
}

const withSet = (container: Container, key: string, value: unknown): Container => {
  if (Array.isArray(container)) return container.with(indexOf(container, key), value)
  const out: Fields = { ...container }
  put(out, key, value)
  return out
}

const withReplaced = (container: Container, key: string, value: unknown): Container => withSet(container, key, value)

const withAdded = (container: Container, key: string, value: unknown): Container => {
  if (!Array.isArray(container)) return withSet(container, key, value)
  if (key === "-") return [...container, value]
  const at = indexOf(container, key, container.length + 1)
  return [...container.slice(0, at), value, ...container.slice(at)]
}

const withRemoved = (container: Container, key: string): Container => {
  if (Array.isArray(container)) return container.toSpliced(indexOf(container, key), 1)
  if (!Object.hasOwn(container, key)) throw new Inapplicable(`there is no key ${key} to remove`)
  const out: Fields = { ...container }
  delete out[key]
  return out
}

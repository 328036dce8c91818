import { expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, PlatformError } from "effect"
import { findFiles } from "../../src/tasks/FindFiles.ts"
import { formatProblem } from "../../src/tasks/YamlFile.ts"

const files: Record<string, string> = {
  "tasks/b.yaml": "B",
  "tasks/a.yml": "A",
  "tasks/deep/c.json": "C",
  "tasks/notes.md": "no task",
  "single.txt": "S",
  "locked.yaml": "secret",
  "empty/readme.md": "nothing here",
  "odd/folder.yaml/d.yaml": "D",
  "odd/pipe.yaml": "never read",
  "shut/x.yaml": "X"
}

const refuse = (method: string, path: string, tag: "NotFound" | "PermissionDenied") =>
  PlatformError.systemError({ _tag: tag, module: "FileSystem", method, pathOrDescriptor: path })

const isFolder = (path: string): boolean => Object.keys(files).some((it) => it.startsWith(`${path}/`))

const disk = FileSystem.layerNoop({
  stat: (path) =>
    isFolder(path) || path in files
      ? Effect.succeed({ type: isFolder(path) ? "Directory" : path === "odd/pipe.yaml" ? "FIFO" : "File" } as FileSystem.File.Info)
      : Effect.fail(refuse("stat", path, "NotFound")),
  readDirectory: (path) =>
    path === "shut"
      ? Effect.fail(refuse("readDirectory", path, "PermissionDenied"))
      : Effect.succeed([...Object.keys(files), "odd/folder.yaml"].filter((it) => it.startsWith(`${path}/`)).map((it) => it.slice(path.length + 1))),
  readFileString: (path) => (path === "locked.yaml" ? Effect.fail(refuse("readFileString", path, "PermissionDenied")) : Effect.succeed(files[path]!))
})

const find = (...paths: ReadonlyArray<string>) => findFiles(paths).pipe(Effect.provide(Layer.merge(disk, Path.layer)))

it.effect("folders give their YAML and JSON files by name, deep ones too; a file that is named is read whatever it is called", () =>
  Effect.gen(function*() {
    const { files, problems } = yield* find("single.txt", "tasks")
    expect(files).toEqual([
      { file: "single.txt", text: "S" },
      { file: "tasks/a.yml", text: "A" },
      { file: "tasks/b.yaml", text: "B" },
      { file: "tasks/deep/c.json", text: "C" }
    ])
    expect(problems).toEqual([])
  }))

it.effect("what is not there, cannot be read or holds no task file is told all at once", () =>
  Effect.gen(function*() {
    const { files, problems } = yield* find("nowhere", "locked.yaml", "empty", "shut")
    expect(files).toEqual([])
    expect(problems.map(formatProblem)).toEqual([
      "nowhere: does not exist; give a file or a folder with .yaml, .yml or .json files",
      expect.stringMatching(/^locked\.yaml: cannot be read: .*PermissionDenied/),
      "empty: holds no .yaml, .yml or .json file",
      expect.stringMatching(/^shut: cannot be read: .*PermissionDenied/)
    ])
  }))

it.effect("a pipe that lies in a folder is told, not waited for, and a folder with the name of a file is looked into", () =>
  Effect.gen(function*() {
    const { files, problems } = yield* find("odd")
    expect(files).toEqual([{ file: "odd/folder.yaml/d.yaml", text: "D" }])
    expect(problems.map(formatProblem)).toEqual(["odd/pipe.yaml: is no file (FIFO); name it itself to have it read"])
  }))

import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openKeptRun, RunFolderUnusable } from "../../src/run/KeptRunNode.ts"

it.effect("a change that cannot be written down ends the run, and nothing is written behind it", () =>
  Effect.gen(function*() {
    const root = yield* Effect.acquireRelease(Effect.sync(() => mkdtempSync(join(tmpdir(), "fairlead-kept-"))), (it) => Effect.sync(() => rmSync(it, { recursive: true })))
    const folder = join(root, "state")
    const kept = yield* openKeptRun(folder)
    kept.rememberOutputs("a", "file:///a")
    rmSync(folder, { recursive: true })
    expect(() => kept.rememberOutputs("b", "file:///b")).toThrow(RunFolderUnusable)
    expect((yield* Effect.flip(kept.broken)).message).toMatch(/^the run cannot be kept in .*state: ENOENT/)
    mkdirSync(folder)
    expect(() => kept.rememberOutputs("c", "file:///c")).toThrow(RunFolderUnusable)
    expect(readdirSync(folder)).toEqual([])
  }))

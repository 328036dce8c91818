import { execFile } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { entryOf, joined, programs, repository, stateFile, stateOf } from "../programs.mjs"

describe("which form of a program is loaded", () => {
  let root: string
  const source = "packages/core/src/index.ts"

  const write = (path: string, text = ""): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }

  const entry = (): string => fileURLToPath(entryOf("fairlead", root)).slice(root.length + 1)

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "fairlead-programs-"))
    for (const path of [programs.fairlead, source, "packages/core/src/internal/one.ts"]) {
      write(path)
      utimesSync(join(root, path), 1000, 1000)
    }
    write(`${joined}/fairlead.mjs`)
    write(stateFile, stateOf(root))
  })

  afterEach(() => rmSync(root, { recursive: true }))

  it("the joined one while the sources are as they were", () => expect(entry()).toBe(".cache/programs/fairlead.mjs"))

  it.each([
    ["a source was edited", () => utimesSync(join(root, source), 2000, 2000)],
    ["an older one took the place of a source", () => utimesSync(join(root, source), 500, 500)],
    ["a source is new", () => write("packages/core/src/internal/two.ts")],
    ["a source is gone", () => rmSync(join(root, source))],
    ["joining was cut short", () => rmSync(join(root, stateFile))],
    ["nothing was ever joined", () => rmSync(join(root, joined), { recursive: true })]
  ])("the sources when %s", (_, change) => {
    change()
    expect(entry()).toBe(programs.fairlead)
  })
})

describe("the joined programs", () => {
  const run = async (entry: string, ...args: ReadonlyArray<string>): Promise<string> => (await promisify(execFile)(process.execPath, [entry, ...args])).stdout
  const folder = join(repository, joined)

  it.skipIf(!existsSync(join(repository, stateFile))).each([
    ["fairlead-sim", "run", "--seed", "7", "--tasks", "20"],
    ["fairlead", "--help"]
  ] as const)("%s %s … says what its sources say (skipped where `npm run join` has not run)", async (program, ...args) => {
    const untimed = (text: string): string => text.replace(/ in [\d.]+ s.*/, "")
    expect(untimed(await run(join(folder, `${program}.mjs`), ...args))).toBe(untimed(await run(join(repository, programs[program]), ...args)))
  })
})

it.each(["apps/sim/bin/fairlead-sim.mjs", "apps/engine/bin/fairlead.mjs"])("%s tells a Node that takes no TypeScript what to do instead", async (bin) => {
  const failed: unknown = await promisify(execFile)(process.execPath, ["--no-strip-types", join(repository, bin)]).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 2, stderr: expect.stringMatching(/needs a Node that takes TypeScript .* this is v\d+\.\d+\.\d+: start it by `npm run/) })
})

import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe } from "vitest"
import { it, leftOf, mainFile, node } from "./Program.ts"

interface Row {
  readonly name: string
  readonly phase: string
  readonly attempts: number
  readonly outputs: Record<string, unknown>
  readonly error?: { readonly code: string; readonly message: string }
  readonly log: ReadonlyArray<string>
}

const rowsOf = (stdout: string): Map<string, Row> => new Map((JSON.parse(stdout) as { tasks: ReadonlyArray<Row> }).tasks.map((row) => [row.name, row]))

describe.concurrent("fairlead run", { timeout: 180_000 }, () => {
  it("runs the quickstart: every task succeeds with the right outputs, and files of outputs are kept on request", async ({ expect, live }) => {
    const program = live.start("npm", ["run", "-s", "fairlead", "--", "run", "fixtures/quickstart", "--output", "json", "--keep"])
    const { code, stderr, stdout } = await program.ended
    expect(code, stderr).toBe(0)
    const rows = rowsOf(stdout)
    expect([...rows.values()].filter((row) => row.phase !== "succeeded")).toEqual([])
    expect(rows.size).toBe(29)
    const squares = Array.from({ length: 20 }, (_, at) => rows.get(`square-${at}`)?.outputs["square"])
    expect(squares).toEqual(Array.from({ length: 20 }, (_, at) => (at + 1) ** 2))
    const outputs = (name: string): unknown => rows.get(name)?.outputs
    expect(outputs("demo-sum")).toEqual({ total: 42 })
    expect(outputs("demo-word-count")).toEqual({ words: 9 })
    expect(outputs("read-note")).toEqual({ lines: 2 })
    expect(outputs("report")).toEqual({ title: "Harbour report", ships: 4, depth: 2.5, open: true })
    expect(outputs("hello")).toEqual({})
    expect(rows.get("flaky")?.attempts).toBe(2)
    const note = (outputs("write-note") as { note: string }).note
    expect(readFileSync(fileURLToPath(note), "utf8")).toContain("Knots are tied twice.")
    expect(stderr).toContain(`logs and files are kept in ${join(program.temporary, program.folders[0]!)}`)
    // Not a terminal: one line for each change, and nothing that moves a cursor.
    expect(stderr).toMatch(/^running {4}nap$/m)
    // Whether its second attempt was seen running depends on how busy the machine is.
    expect(stderr).toMatch(/^succeeded {2}flaky \(attempt 2\) in \d+\.\d\ds$/m)
    expect(stderr).toMatch(/^succeeded {2}demo-sum in \d+\.\d\ds$/m)
    expect(stderr).not.toContain("\u001B")
  })

  it("fails the failures, each with a cause that a user can act on", async ({ expect, live }) => {
    const { code, stderr, stdout } = await live.start("npm", ["start", "-s", "--", "fixtures/failures", "--output", "json"]).ended
    expect(code, stderr).toBe(1)
    const rows = rowsOf(stdout)
    const cause = (name: string): unknown => [rows.get(name)?.phase, rows.get(name)?.attempts, rows.get(name)?.error?.code, rows.get(name)?.error?.message]
    expect(cause("bad-exit-code")).toEqual(["failed", 1, "Error", expect.stringMatching(/exit code \(3\)[\s\S]*the chart is blank/)])
    expect(rows.get("bad-exit-code")?.log).toEqual(["reading the chart", "the chart is blank"])
    expect(cause("unknown-command")).toEqual(["failed", 1, "StartError", expect.stringContaining('exec: "no-such-command": executable file not found in $PATH')])
    expect(cause("demo-invalid-template")).toEqual(["failed", 1, "InvalidSpec", expect.stringContaining("spec.taskTemplate: 19 bytes are no core.TaskTemplate")])
    expect(cause("missing-input")).toEqual(["failed", 1, "InvalidSpec", expect.stringContaining("spec.task.inputs.port: missing; the interface declares this input as string, so give it a value")])
    expect(cause("too-many-attempts")).toEqual(["failed", 3, "Error", expect.stringMatching(/attempt 2 fails[\s\S]*\(attempt 3 of 3\)/)])
    expect(rows.size).toBe(5)
    // The results tell it all; the engine's own warnings would say it twice.
    expect(stderr).not.toMatch(/WARN/)
  })

  it("aborts what is unfinished when the time is over, tells so, and goes on to the results", async ({ expect, live }) => {
    const folder = live.folder()
    writeFileSync(join(folder, "tasks.yaml"), [
      `name: endless\ncontainer: { image: local, command: [sh, -c, "echo started; echo $$ > ${folder}/pid; exec sleep 60"] }`,
      "name: quick\ncontainer: { image: local, command: [\"true\"] }",
      "name: unheard\ncontainer: { image: local, command: [echo, \"{{.inputs.x}}\"] }\ninterface: { inputs: { x: { type: string } } }\ninputs: { x: { from: hopeless.x } }",
      `name: hopeless\ncontainer: { image: local, command: [sh, -c, "exec sleep 60"] }\ninterface: { outputs: { x: { type: string } } }\n`
    ].join("\n---\n"))
    const program = live.fairlead(["run", folder, "--timeout", "2500ms", "--output", "json"])
    const { code, stderr, stdout } = await program.ended
    expect(code, stderr).toBe(1)
    const rows = rowsOf(stdout)
    expect(rows.get("quick")?.phase).toBe("succeeded")
    expect(rows.get("endless")).toMatchObject({ phase: "aborted", error: { code: "Aborted", message: "stopped: the time limit of 2.5 s for the run is over" }, log: ["started"] })
    expect(rows.get("unheard")).toMatchObject({ phase: "aborted", error: { message: "never started: the time limit of 2.5 s for the run is over" } })
    expect(stderr).toMatch(/stopped 2 tasks; nothing is left/)
    expect(await leftOf([Number(readFileSync(join(folder, "pid"), "utf8"))])).toEqual([])
    expect(program.folders).toEqual([])
  })

  it("says that files of outputs went with the temporary folder", async ({ expect, live }) => {
    const program = live.fairlead(["run", "fixtures/quickstart/notes.yaml", "--log-level", "info"])
    const { code, stderr, stdout } = await program.ended
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^read-note +succeeded +1 +\d+\.\d\ds +lines=2$/m)
    expect(stdout.trimEnd()).toMatch(/2 succeeded$/)
    expect(stderr).toContain("--keep keeps them")
    expect(program.folders).toEqual([])
  })
})

describe.concurrent("a disk that is full", { timeout: 180_000 }, () => {
  it.skipIf(!existsSync("/dev/full"))("results that cannot be written are told, and are no success", async ({ expect, live }) => {
    const { code, stderr } = await live.start("sh", ["-c", `"${node}" "${mainFile}" run fixtures/quickstart/hello.yaml > /dev/full`]).ended
    expect(stderr).toContain("what was to be printed could not be written: ENOSPC: no space left on device, write\n")
    expect(code).toBe(74)
  })

  it("a reader who leaves early is none", async ({ expect, live }) => {
    const { stderr } = await live.start("sh", ["-c", `{ "${node}" "${mainFile}" run fixtures/quickstart/hello.yaml; echo "code $?" >&2; } | head -0`]).ended
    expect(stderr).toMatch(/^succeeded.*\ncode 0\n$/m)
  })
})

describe.concurrent("bad input", { timeout: 180_000 }, () => {
  it("is told with file, line and field, all of it at once, and nothing is started", async ({ expect, live }) => {
    const folder = live.folder()
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
    write("good.yaml", `name: good\ncontainer: { image: local, command: [touch, ${folder}/started] }\n`)
    write("syntax.yaml", "name: [a\n")
    write("unknown.yaml", "name: unknown\ncontainer:\n  image: local\n  comand: [a]\n")
    write("type.yaml", "name: type\ncontainer: { image: local }\nretries: many\n")
    write("twice.json", `{\n  "name": "good",\n  "container": { "image": "local" }\n}\n`)
    const { code, stderr, stdout } = await live.run("run", folder, join(folder, "missing.yaml"))
    expect(code).toBe(2)
    expect(stdout).toBe("")
    const lines = stderr.trimEnd().split("\n").map((line) => line.replace(`${folder}/`, "").replace(`${folder}/`, ""))
    expect(lines).toEqual([
      "missing.yaml: does not exist; give a file or a folder with .yaml, .yml or .json files",
      expect.stringMatching(/^syntax\.yaml:2: not valid YAML: /),
      'type.yaml:3: retries: expected an integer, got "many"',
      "unknown.yaml:4: container.comand: no such field; did you mean command?",
      'twice.json:2: name: there is a task "good" at good.yaml:1 already; names must differ',
      "Nothing was started: there are 5 problems."
    ])
    expect(existsSync(join(folder, "started"))).toBe(false)
  })

  it("ends a bad command line with 2", async ({ expect, live }) => {
    const { code, stderr, stdout } = await live.run("run", "x", "--colour")
    expect([code, stdout]).toEqual([2, ""])
    expect(stderr).toMatch(/Unrecognized flag: --colour[\s\S]*fairlead run --help/)
  })
})

import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe } from "vitest"
import { has, it, type Live, mainFile, node, type Program } from "./Program.ts"

/** Runs a command on a terminal of its own; its standard input are the keys, and it ends with the command's exit code. */
const pty = "import os, pty, sys; end = os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])); sys.exit(end if end >= 0 else 128 - end)"

const onTerminal = (live: Live, command: ReadonlyArray<string>): Program => live.start("python3", ["-c", pty, ...command], { env: { TERM: "xterm" } })

describe.concurrent("on a terminal", { timeout: 180_000 }, () => {
  it.skipIf(!has("python3"))("progress is a live view that vanishes in favour of the results [needs python3 for a terminal]", async ({ expect, live }) => {
    const program = onTerminal(live, [node, mainFile, "run", "fixtures/quickstart/nap.yaml", "fixtures/quickstart/hello.yaml"])
    const { code, stdout } = await program.ended
    expect(code, stdout).toBe(0)
    expect(stdout).toMatch(/1\/2 done, 1 running\r\n▸ nap {2}1\.\d\ds\r\n/)
    // What stays: the ends of tasks, then the table. Starts are only ever part of the live view.
    expect(stdout).toMatch(/succeeded {2}hello in \d\.\d\ds\r\n/)
    expect(stdout).not.toContain("running    nap")
    expect(stdout.split("\u001B[J").at(-1)).toMatch(/^TASK +PHASE[\s\S]*2 succeeded\r\n$/)
  })

  it.skipIf(!has("python3"))("Ctrl-C under npm counts once: the task has its grace period [needs python3 for a terminal]", async ({ expect, live }) => {
    const folder = live.folder()
    const script = `trap 'sleep 0.6; echo saved; exit 0' TERM; echo waiting; while :; do sleep 0.05; done`
    writeFileSync(join(folder, "polite.yaml"), `name: polite\ncontainer: { image: local, command: [sh, -c, "${script}"] }\n`)
    const program = onTerminal(live, ["npm", "run", "-s", "fairlead", "--", "run", folder])
    await program.until(/1 running\r\n▸ polite {2}0\.[5-9]/)
    program.child.stdin!.write("\u0003")
    const { code, stdout } = await program.ended
    expect(stdout).toContain("stopped 1 task; nothing is left")
    expect(stdout).toMatch(/polite aborted[\s\S]*\| waiting\r\n[\s\S]* \| saved\r\n/)
    expect(code).toBe(130)
  })
})

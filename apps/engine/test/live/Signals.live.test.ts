import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe } from "vitest"
import { it, leftOf, type Live, sleep } from "./Program.ts"

/** One task that saves its work when asked to end, one that ignores being asked and has a grace period of a second. */
const tasks = (folder: string): string => `
name: polite
container:
  image: local
  command: [sh, -c]
  args:
    - |
      trap 'sleep 0.3; echo saved > ${folder}/saved; exit 0' TERM
      echo $$ > ${folder}/polite.pid
      while :; do sleep 0.05; done
---
name: stubborn
pod:
  primaryContainerName: main
  spec:
    terminationGracePeriodSeconds: 1
    containers:
      - name: main
        image: local
        command: [sh, -c]
        args:
          - |
            trap '' TERM
            sleep 100 &
            echo $! > ${folder}/child.pid
            echo $$ > ${folder}/stubborn.pid
            while :; do sleep 0.05; done
`

const start = async (live: Live) => {
  const folder = live.folder()
  writeFileSync(join(folder, "tasks.yaml"), tasks(folder))
  const program = live.fairlead(["run", join(folder, "tasks.yaml")])
  const files = ["polite", "stubborn", "child"].map((name) => join(folder, `${name}.pid`))
  await program.until(/running {4}polite[\s\S]*running {4}stubborn|running {4}stubborn[\s\S]*running {4}polite/)
  while (!files.every((file) => existsSync(file) && readFileSync(file, "utf8") !== "")) await sleep(20)
  return { program, folder, pids: files.map((file) => Number(readFileSync(file, "utf8"))) }
}

describe.concurrent("signals", { timeout: 180_000 }, () => {
  it("Ctrl-C lets tasks end within their grace period, then kills them, and says what was left", async ({ expect, live }) => {
    const { folder, pids, program } = await start(live)
    program.child.kill("SIGINT")
    const { code, stderr, stdout } = await program.ended
    expect(code, stderr).toBe(130)
    expect(readFileSync(join(folder, "saved"), "utf8")).toBe("saved\n")
    expect(stderr).toContain("you asked for an end: stopping 2 tasks, each within its grace period")
    expect(stderr).toContain("killed when the grace period was over: stubborn\nstopped 2 tasks; nothing is left\n")
    expect(stdout).toContain("0 succeeded, 2 aborted")
    expect(await leftOf(pids)).toEqual([])
    expect(program.folders).toEqual([])
  })

  it("a second Ctrl-C ends the program at once, and leaves nothing behind all the same", async ({ expect, live }) => {
    const { pids, program } = await start(live)
    program.child.kill("SIGINT")
    // Two signals at nearly the same time are one Ctrl-C: npm hands on what the terminal has sent already.
    program.child.kill("SIGINT")
    await program.until(/stopping 2 tasks/)
    await sleep(450)
    program.child.kill("SIGINT")
    const { code, stderr } = await program.ended
    expect(stderr).toContain("ended at once; what was still running is killed")
    expect(stderr).not.toContain("nothing is left")
    expect(code).toBe(130)
    expect(await leftOf(pids)).toEqual([])
    expect(program.folders).toEqual([])
  })

  it("a killed engine leaves no process behind", async ({ expect, live }) => {
    const { pids, program } = await start(live)
    program.child.kill("SIGKILL")
    expect((await program.ended).signal).toBe("SIGKILL")
    expect(await leftOf(pids)).toEqual([])
  })

  it("a signal that comes before the first task starts none", async ({ expect, live }) => {
    const folder = live.folder()
    writeFileSync(join(folder, "tasks.yaml"), tasks(folder))
    const program = live.fairlead(["run", join(folder, "tasks.yaml")])
    // SIGTERM can only be told from a kill once the program listens; Node needs a moment for that.
    await sleep(400)
    program.child.kill("SIGTERM")
    const { code, signal } = await program.ended
    expect(signal === "SIGTERM" || code === 143).toBe(true)
    expect(await leftOf(["polite", "stubborn", "child"].map((it) => join(folder, `${it}.pid`)).filter(existsSync).map((it) => Number(readFileSync(it, "utf8"))))).toEqual([])
  })
})

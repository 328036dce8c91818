import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe } from "vitest"
import { has, it, type Live, type Program, root } from "./Program.ts"

const commandsOf = (markdown: string): ReadonlyArray<string> =>
  [...markdown.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block = ""]) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "")

const readme = readFileSync(join(root, "README.md"), "utf8")
const start = (live: Live, command: string): Program => live.start("sh", ["-c", `exec ${command}`])

type CommandTest = (live: Live, command: string) => Promise<{ readonly ended: boolean; readonly text: string; readonly expected: RegExp }>

const succeeds = (expected: RegExp): CommandTest => async (live, command) => {
  const { code, stderr, stdout } = await start(live, command).ended
  return { ended: code === 0, text: `${stdout}${stderr}`, expected }
}

/** What a reader of the README sees who types its commands. */
const promises: Readonly<Record<string, CommandTest>> = {
  "npm start": succeeds(/demo-sum +succeeded[\s\S]*29 succeeded\n/),
  "npm run -s fairlead -- --help": succeeds(/SUBCOMMANDS/),
  "npm run -s fairlead -- cache list": succeeds(/nothing is remembered/),
  "npm run -s fairlead -- start --help": succeeds(/--kubeconfig/),
  "npm run -s fairlead -- airflow simulate": (live, command) => succeeds(/50 commands ended in .*: 45 succeeded, 5 failed as they were meant to/)(live, `${command} --commands 50`),
  // A shorter run: the promise of equal journals is kept by the tests of the simulation itself.
  "npm run -s sim -- run --seed 7 --tasks 1000": (live, command) => succeeds(/every promise held/)(live, command.replace("1000", "20")),
  "npm run -s sim -- explore --seeds 10": (live, command) => succeeds(/every promise held/)(live, `${command.replace("10", "1")} --from 1 --tasks 10`),
  "npm run -s fairlead -- dev --port 8001": async (live, command) => {
    // The port of the README may be taken on this machine, and its kubeconfig in use.
    const dev = start(live, `${command.replace("8001", "0")} --kubeconfig ${live.folder()}/kubeconfig`)
    await dev.until(/^ready: https:\/\/127\.0\.0\.1:\d+$/m)
    dev.interrupt()
    const { signal, stderr } = await dev.ended
    // npm ends as its terminal asked, whatever the program made of it.
    return { ended: signal === "SIGINT", text: stderr, expected: /stopped; nothing is left/ }
  }
}

/** Typed elsewhere: by the tests of `run` and of kubectl; and this test is part of `npm test`. */
const elsewhere = new Set(["npm test", "npm run -s fairlead -- run fixtures/quickstart", "kubectl apply -f fixtures/quickstart/sum.yaml", "kubectl get taskactions -w"])

describe.concurrent("the commands of the README", { timeout: 120_000 }, () => {
  it("are all known here", ({ expect }) => {
    expect(commandsOf(readme).filter((it) => !elsewhere.has(it)).sort()).toEqual(Object.keys(promises).sort())
    expect(readme).toContain("`npm start -- fixtures/failures`")
  })

  it.skipIf(!has("npm")).for(Object.keys(promises))("%s", async (command, { expect, live }) => {
    const { ended, expected, text } = await promises[command]!(live, command)
    expect(text).toMatch(expected)
    expect(ended).toBe(true)
  })
})

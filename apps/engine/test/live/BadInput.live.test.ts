/** What a person can get wrong is refused in words, and never told as a fault of the program. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { makeKubeconfig } from "../../src/dev/Kubeconfig.ts"
import { it, mainFile, node, root } from "./Program.ts"

/** What is said, with the exit code 2 and nothing else. */
const wrong: ReadonlyArray<readonly [args: string, said: RegExp]> = [
  ["start --kubeconfig no-server", /^\/.*\/no-server: the server of the cluster "[^"]+" is empty; give it the address/],
  ["start --kubeconfig no-ca", /the certificate authority is no PEM text/],
  ["airflow serve --kubeconfig no-server", /is empty; give it the address/],
  ["airflow serve --embedded --port 99999", /^--port 99999: ports go from 0 to 65535/],
  ["airflow serve --embedded --worker ", /^--worker is empty/],
  ["airflow serve --embedded --worker 你好", /^--worker 你好: .* needs a letter from a to z or a digit/],
  ["airflow simulate --run 99999999999", /^--run 99999999999: give milliseconds up to/],
  ["dev --nodes 0 --host 999.1.1.1", /^--host "999\.1\.1\.1": give an address or a name of this machine/],
  ["dev --nodes 0 --token ", /^--token: give letters, digits and signs/],
  ["dev --nodes 0 --kubeconfig folder", /^the kubeconfig cannot be written to .*\/folder: it is a folder; give another file/],
  ["cache list --cache folder", /^--cache folder: \/.*\/folder is a folder; give the file of a catalog, such as folder\/catalog\.db\n$/],
  ["dev --nodes 0 --cache sqlite:folder", /^--cache sqlite:folder: \/.*\/folder is a folder; give the file of a catalog, such as sqlite:folder\/catalog\.db\n$/],
  ["dev --nodes 0 --kubeconfig text/config", /^the kubeconfig cannot be written to .*\/text\/config: EEXIST.*; give another file/],
  [`run ${join(root, "fixtures/quickstart/hello.yaml")} --state text`, /^the run cannot be kept in text: EEXIST.*; give another folder\n$/]
]

it("what is wrong on the command line, in files and in folders is told with exit code 2", { timeout: 180_000 }, async ({ expect, live }) => {
  const cwd = live.folder()
  mkdirSync(join(cwd, "folder"))
  writeFileSync(join(cwd, "text"), "just text\n")
  writeFileSync(join(cwd, "no-server"), makeKubeconfig({ server: "", ca: undefined, token: "t", namespace: "default" }))
  writeFileSync(join(cwd, "no-ca"), makeKubeconfig({ server: "https://127.0.0.1:1", ca: "rubbish", token: "t", namespace: "default" }))
  for (const [args, said] of wrong) {
    const { code, stderr } = await live.fairlead(args.split(" "), { cwd }).ended
    expect([args, code, stderr]).toEqual([args, 2, expect.stringMatching(said)])
  }
  const noFolder = [["run", join(root, "fixtures/quickstart")], ["dev", "--nodes", "0"], ["airflow", "serve", "--embedded"]]
  for (const args of noFolder) {
    const { code, stderr } = await live.fairlead(args, { cwd, env: { TMPDIR: join(cwd, "text") } }).ended
    expect([args[0], code, stderr]).toEqual([args[0], 2, expect.stringMatching(/^no folder can be made in .*\/text, where temporary files go: .*; give another with the variable TMPDIR\n$/)])
  }
  const blank = join(cwd, "my folder")
  mkdirSync(blank)
  const said = expect.stringMatching(/ its path \/\S+my folder.* has the sign " ", at which commands of tasks would take it apart; give another /) as string
  const task = join(root, "fixtures/quickstart/hello.yaml")
  expect(await live.fairlead(["run", task], { cwd, env: { TMPDIR: blank } }).ended).toMatchObject({ code: 2, stdout: "", stderr: said })
  expect(await live.fairlead(["run", task, "--state", "my folder/run"], { cwd }).ended).toMatchObject({ code: 2, stdout: "", stderr: said })
  symlinkSync(blank, join(cwd, "link"))
  expect(await live.fairlead(["run", task, "--state", "link"], { cwd }).ended).toMatchObject({ code: 2, stdout: "", stderr: said })
  const { code, stderr } = await live.start("sh", ["-c", `mkdir gone; cd gone; rmdir "$PWD"; "${node}" "${mainFile}" config`], { cwd }).ended
  expect([code, stderr]).toEqual([2, "the working folder is not there any more; go to another one\n"])
})

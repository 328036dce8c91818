import { describe, expect, it } from "vitest"
import { readSubmissions } from "../../src/tasks/Submission.ts"
import { formatProblem } from "../../src/tasks/YamlFile.ts"

const place = { namespace: "default", runName: "local", project: "local", domain: "development" }
const problems = (...texts: ReadonlyArray<string>) =>
  readSubmissions(texts.map((text, index) => ({ file: `${index}.yaml`, text })), place).problems.map(formatProblem)
const task = (name: string, rest = "") => `name: ${name}\ncontainer: { image: local }\n${rest}`
const action = (name: string, actionName: string) =>
  `apiVersion: flyte.org/v1\nkind: TaskAction\nmetadata:\n  name: ${name}\nspec: { runName: r, project: p, domain: d, actionName: ${actionName} }\n`

describe("clashes", () => {
  it("equal names of tasks name both places", () => {
    expect(problems(task("a"), `\n${task("a")}`)).toEqual(['1.yaml:2: name: there is a task "a" at 0.yaml:1 already; names must differ'])
  })

  it("a plain task and a TaskAction may not become the same object", () => {
    expect(problems(action("local-a", "x"), task("a"))).toEqual([
      '1.yaml:1: name: there is an object "local-a" in the namespace "default" at 0.yaml:4 already; names must differ'
    ])
  })

  it("an action is unique in its run, because its outputs are found by it", () => {
    expect(problems(action("a", "x"), action("b", "x"))).toEqual([
      '1.yaml:4: metadata.name: there is an action "x" of the run "r" in p/d at 0.yaml:4 already; names must differ'
    ])
  })

  it("tasks that are made by forEach clash with others, too", () => {
    expect(problems(task("a", "forEach: { n: [1, 2] }\n"), task("a-1"))).toEqual(['1.yaml:1: name: there is a task "a-1" at 0.yaml:1 already; names must differ'])
  })
})

describe("danglingReferences", () => {
  const inputs = (from: string) => `inputs:\n  x: { from: ${from} }\n`
  const gives = (output: string) => `interface: { outputs: { ${output}: { type: string } } }\n`

  it("names the known tasks when one is unknown", () => {
    expect(problems(task("a", inputs("b.y")))).toEqual(['0.yaml:4: inputs.x: comes from the task "b", which is in none of the files; known are a'])
  })

  it("names the declared outputs when one is unknown", () => {
    expect(problems(task("a", inputs("b.y")), task("b", gives("z")))).toEqual(['0.yaml:4: inputs.x: comes from the output "y" of "b", which declares z'])
  })

  it("finds circles of any length", () => {
    const member = (name: string, next: string) => task(name, `${gives("y")}inputs: { x: { from: ${next}.y } }\n`)
    expect(problems(member("a", "a"))[0]).toContain("comes from the task itself")
    expect(problems(member("a", "b"), member("b", "c"), member("c", "a"))[0]).toContain('makes "a" and "b" wait for each other')
  })

  it("says nothing about references while other documents cannot be read", () => {
    expect(problems(task("a", inputs("b.y")), "name: b\nretries: x\n")).toEqual([expect.stringContaining("retries")])
  })
})

import { describe, expect, it } from "vitest"
import { readSubmissions } from "../../src/tasks/Submission.ts"
import { formatProblem } from "../../src/tasks/YamlFile.ts"

const place = { namespace: "default", runName: "local", project: "local", domain: "development" }
const read = (...texts: ReadonlyArray<string>) => readSubmissions(texts.map((text, index) => ({ file: `${index}.yaml`, text })), place)
const problems = (...texts: ReadonlyArray<string>) => read(...texts).problems.map(formatProblem)
const container = "container: { image: local, command: [true] }".replace("true", '"true"')

describe("readSubmissions", () => {
  it("wraps a plain task into a TaskAction named after the run", () => {
    const { problems, submissions } = read(`name: hello\n${container}\n`)
    expect(problems).toEqual([])
    expect(submissions[0]).toMatchObject({
      name: "hello",
      action: {
        kind: "TaskAction",
        metadata: { name: "local-hello", namespace: "default" },
        spec: { runName: "local", actionName: "hello", task: { name: "hello", container: { image: "local" } } }
      }
    })
  })

  it("takes a TaskAction as it is and fills in the namespace", () => {
    const text = "apiVersion: flyte.org/v1\nkind: TaskAction\nmetadata: { name: a }\nspec: { runName: r, project: p, domain: d, actionName: x }\n"
    expect(read(text).submissions[0]?.action.metadata).toEqual({ name: "a", namespace: "default" })
  })

  it("makes one task for each value of forEach", () => {
    const { submissions } = read(`name: square\nforEach: { n: [3, 4] }\n${container}\ninputs: { k: 1 }\n`)
    expect(submissions.map((it) => [it.name, it.action.spec.task?.inputs])).toEqual([
      ["square-0", { k: 1, n: 3 }],
      ["square-1", { k: 1, n: 4 }]
    ])
  })

  it("keeps references apart from values", () => {
    const { problems, submissions } = read(
      `name: a\n${container}\ninterface: { outputs: { note: { type: string } } }\n---\nname: b\n${container}\ninputs: { x: { from: a.note }, y: 2 }\n`
    )
    expect(problems).toEqual([])
    expect(submissions[1]?.references).toEqual([{ input: "x", task: "a", output: "note" }])
    expect(submissions[1]?.action.spec.task?.inputs).toEqual({ y: 2 })
  })

  it("reads JSON as well, and several documents of one file", () => {
    expect(read(`{"name":"a"}`, "name: b\n---\n# nothing\n---\nname: c\n").submissions.map((it) => it.name)).toEqual(["a", "b", "c"])
  })
})

describe("bad input is told with file, line and field", () => {
  it.each([
    ["syntax", "name: [a\n", /^0\.yaml:2: not valid YAML: /],
    ["a key given twice", "name: a\nname: b\n", /^0\.yaml:2: not valid YAML: Map keys must be unique/],
    ["an unknown field", "name: a\ncontainer:\n  image: x\n  comand: [a]\n", /^0\.yaml:4: container\.comand: is not a field of a task here/],
    ["a wrong type", "name: a\nretries: two\n", /^0\.yaml:2: retries: expected number, but got "two"/],
    ["a missing field", "name: a\ncontainer:\n  command: [x]\n", /^0\.yaml:2: container\.image: is missing/],
    ["a bad name", "name: Bad_Name\n", /^0\.yaml:1: name: expected lower-case letters, .* but got "Bad_Name"/],
    ["a bad duration", "name: a\ntimeout: soon\n", /^0\.yaml:2: timeout: expected a duration such as .* but got "soon"/],
    ["something that is no map", "- 1\n", /^0\.yaml:1: is \[1\]; a task is a map/],
    ["another kind", "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n", /\n0\.yaml:2: kind: expected "TaskAction", but got "Pod"/],
    ["forEach over two inputs", "name: a\nforEach: { n: [1], m: [2] }\n", /^0\.yaml:2: forEach: names 2 inputs/],
    ["forEach over nothing", "name: a\nforEach: { n: [] }\n", /^0\.yaml:2: forEach\.n: has no values/]
  ])("%s", (_, text, expected) => {
    expect(problems(text).join("\n")).toMatch(expected)
  })

  it("duplicate names name both places", () => {
    expect(problems("name: a\n", "\nname: a\n")).toEqual(['1.yaml:2: name: "a" is already the name of the task at 0.yaml:1; names must differ'])
  })

  it("a reference to an unknown task, to an unknown output, and in a circle", () => {
    expect(problems("name: a\ninputs: { x: { from: b.y } }\n")[0]).toContain('comes from the task "b", which is in none of the files; known: a')
    expect(problems("name: a\ninputs: { x: { from: b.y } }\n---\nname: b\n")[0]).toContain('comes from the output "y" of "b", which declares no such output')
    const circle = (name: string, other: string) => `name: ${name}\ninterface: { outputs: { y: { type: string } } }\ninputs: { x: { from: ${other}.y } }\n`
    expect(problems(`${circle("a", "b")}---\n${circle("b", "a")}`)[0]).toContain('makes "a" and "b" wait for each other')
  })

  it("all problems of all files are told together", () => {
    expect(problems("name: A\nretries: -1\n", "name: [\n")).toHaveLength(3)
  })
})

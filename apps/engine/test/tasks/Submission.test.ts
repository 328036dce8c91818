import { describe, expect, it } from "vitest"
import { readSubmissions } from "../../src/tasks/Submission.ts"
import { formatProblem } from "../../src/tasks/YamlFile.ts"

const place = { namespace: "default", runName: "local", project: "local", domain: "development" }
const read = (...texts: ReadonlyArray<string>) => readSubmissions(texts.map((text, index) => ({ file: `${index}.yaml`, text })), place)
const problems = (...texts: ReadonlyArray<string>) => read(...texts).problems.map(formatProblem)
const container = 'container: { image: local, command: ["true"] }'
const action = (name: string, spec = "runName: r, project: p, domain: d, actionName: x") =>
  `apiVersion: flyte.org/v1\nkind: TaskAction\nmetadata:\n  name: ${name}\nspec: { ${spec} }\n`

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
    expect(read(action("a")).submissions[0]?.action.metadata).toEqual({ name: "a", namespace: "default" })
  })

  it("leaves out of a TaskAction what a server wrote into it, so that one that was read from a cluster runs again", () => {
    const stored = `${action("a").replace("name: a", "name: a\n  uid: u\n  resourceVersion: '7'\n  labels: { x: y }\n  finalizers: [f]")}status: { attempts: 2 }\n`
    expect(read(stored).submissions[0]?.action).toEqual({
      apiVersion: "flyte.org/v1",
      kind: "TaskAction",
      metadata: { name: "a", namespace: "default", labels: { x: "y" } },
      spec: { runName: "r", project: "p", domain: "d", actionName: "x" }
    })
  })

  it("shows a TaskAction of another namespace with its namespace", () => {
    expect(read(action("a\n  namespace: other")).submissions[0]).toMatchObject({ name: "other/a", action: { metadata: { namespace: "other" } } })
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
    const json = `{"name":"a","container":{"image":"local"}}`
    expect(read(json, `name: b\n${container}\n---\n# nothing\n---\nname: c\n${container}\n`).submissions.map((it) => it.name)).toEqual(["a", "b", "c"])
  })
})

describe("bad input is told with file, line and field", () => {
  it.each([
    ["syntax", "name: [a\n", /^0\.yaml:2: not valid YAML: /],
    ["a key given twice", "name: a\nname: b\n", /^0\.yaml:2: not valid YAML: Map keys must be unique/],
    ["an alias without anchor", "name: *a\n", /^0\.yaml:1: not valid YAML: Unresolved alias/],
    ["an unknown field", "name: a\ncontainer:\n  image: x\n  comand: [a]\n", /^0\.yaml:4: container\.comand: no such field; did you mean command\?$/],
    ["an unknown field of the task", "name: a\nforeach: {}\n", /^0\.yaml:2: foreach: no such field; did you mean forEach\?/],
    ["a wrong type", "name: a\nretries: two\n", /^0\.yaml:2: retries: expected an integer, got "two"/],
    ["a wrong type in a list", "name: a\ncontainer:\n  image: x\n  args:\n    - a\n    - 1\n", /^0\.yaml:6: container\.args\[1\]: expected a text, got 1; put it in quotes/],
    ["a missing field", "name: a\ncontainer:\n  command: [x]\n", /^0\.yaml:2: container\.image: missing \(Image that the container runs\)/],
    ["nothing to run", "name: a\n", /^0\.yaml:1: container: missing; give an image and a command/],
    ["two things to run", `name: a\n${container}\npod: { primaryContainerName: x, spec: { containers: [{ name: x }] } }\n`, /^0\.yaml:3: pod: there is a container, too/],
    ["a missing name", `${container}\n`, /^0\.yaml:1: name: missing \(Name of the task/],
    ["a bad name", "name: Bad_Name\n", /^0\.yaml:1: name: expected at most 30 lower-case letters, .* got "Bad_Name"/],
    ["a bad duration", "name: a\ntimeout: soon\n", /^0\.yaml:2: timeout: expected a length of time such as .* got "soon"/],
    ["something that is no map", "- 1\n", /^0\.yaml:1: expected a task, which is a map with at least a name, got \[1\]/],
    ["another kind", "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n", /\n0\.yaml:2: kind: expected "TaskAction", got "Pod"/],
    ["a TaskAction without a kind", "apiVersion: flyte.org/v1\nmetadata: { name: a }\nspec: { runName: r, project: p, domain: d, actionName: x }\n", /^0\.yaml:1: kind: missing; it must be TaskAction/],
    ["a TaskAction without a name", action("a").replace("name: a", "generateName: a-"), /^0\.yaml:3: metadata\.name: missing/],
    ["a bad name of an object", action("Bad"), /^0\.yaml:4: metadata\.name: expected at most 253 .* got "Bad"/],
    ["an unknown field in a TaskAction", action("a", "runName: r, project: p, domain: d, actionName: x, tasc: {}"), /^0\.yaml:5: spec\.tasc: no such field; did you mean task\?/],
    ["a task of a TaskAction that cannot be", action("a", "runName: r, project: p, domain: d, actionName: x, task: {}"), /^0\.yaml:5: spec\.task\.container: missing/],
    ["forEach over two inputs", `name: a\nforEach: { n: [1], m: [2] }\n${container}\n`, /^0\.yaml:2: forEach: names 2 inputs/],
    ["forEach over nothing", `name: a\nforEach: { n: [] }\n${container}\n`, /^0\.yaml:2: forEach\.n: has no values/],
    ["a reference without an output", `name: a\n${container}\ninputs:\n  x: { from: b }\n`, /^0\.yaml:4: inputs\.x\.from: expected the name of a task, a dot and the name of its output, got "b"/]
  ])("%s", (_, text, expected) => {
    expect(problems(text).join("\n")).toMatch(expected)
  })

  it("no task at all", () => {
    expect(problems("# later\n", "")).toEqual(["0.yaml: there is no task in it", "1.yaml: there is no task in it"])
    expect(problems("# later\n", `name: a\n${container}\n`)).toEqual([])
  })

  it("all problems of all files are told together", () => {
    expect(problems("name: A\nretries: -1\n", "name: [\n")).toHaveLength(3)
  })

  it("aliases that multiply are refused, not followed", () => {
    const bomb = Array.from({ length: 9 }, (_, depth) => `a${depth}: &a${depth} [${Array.from({ length: 9 }, () => (depth === 0 ? "x" : `*a${depth - 1}`)).join(", ")}]`)
    expect(problems(`${bomb.join("\n")}\n`)[0]).toMatch(/^0\.yaml:1: not valid YAML: Excessive alias count/)
  })
})

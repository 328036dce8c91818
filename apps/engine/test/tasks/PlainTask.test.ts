import { describe, expect, it } from "vitest"
import { expand, type PlainTask } from "../../src/tasks/PlainTask.ts"

const place = { namespace: "space", runName: "run", project: "p", domain: "d" }
const plain = (rest: Partial<PlainTask> = {}): PlainTask => ({ name: "a", container: { image: "local" }, ...rest })
const expanded = (task: PlainTask) => {
  const result = expand(task, place)
  if ("message" in result) throw new Error(result.message)
  return result
}

describe("expand", () => {
  it("fills the fields that a TaskAction must have from the place", () => {
    expect(expanded(plain({ retries: 2 }))).toEqual([{
      action: {
        apiVersion: "flyte.org/v1",
        kind: "TaskAction",
        metadata: { name: "run-a", namespace: "space" },
        spec: { runName: "run", project: "p", domain: "d", actionName: "a", task: { name: "a", container: { image: "local" }, retries: 2 } }
      },
      references: []
    }])
  })

  it("numbers the tasks of forEach and gives each its value over an input of the same name", () => {
    const tasks = expanded(plain({ forEach: { n: ["x", "y"] }, inputs: { n: "z" } }))
    expect(tasks.map(({ action }) => [action.metadata.name, action.spec.actionName, action.spec.task?.inputs])).toEqual([
      ["run-a-0", "a-0", { n: "x" }],
      ["run-a-1", "a-1", { n: "y" }]
    ])
  })

  it("takes references out of the inputs, those of forEach included", () => {
    const [first] = expanded(plain({ forEach: { n: [{ from: "b.out" }] }, inputs: { k: { from: "c-1.some_out.txt" } } }))
    expect(first?.references).toEqual([{ input: "k", task: "c-1", output: "some_out.txt" }, { input: "n", task: "b", output: "out" }])
    expect(first?.action.spec.task?.inputs).toEqual({})
  })

  it("leaves a struct alone that has a key from", () => {
    const task = plain({ interface: { inputs: { range: { type: "struct" } } }, inputs: { range: { from: "x.y" } } })
    expect(expanded(task)[0]).toMatchObject({ references: [], action: { spec: { task: { inputs: { range: { from: "x.y" } } } } } })
  })

  it("leaves a map alone that has more than from", () => {
    expect(expanded(plain({ inputs: { range: { from: "x.y", to: "z" } } }))[0]?.references).toEqual([])
  })

  it("refuses names that become too long by their number", () => {
    expect(expand(plain({ name: "n".repeat(29), forEach: { n: [1] } }), place)).toEqual({
      path: ["name"],
      message: `"${"n".repeat(29)}-0" would have 31 characters and names of tasks have at most 30; choose a shorter name`
    })
  })
})

import { describe, expect, it } from "vitest"
import { formatProblem, parseYaml } from "../../src/tasks/YamlFile.ts"

describe("lineOf", () => {
  const [document] = parseYaml("f", "# first\na:\n  b:\n    - x\n    - c: 1\n  'd.e': 2\n7: seven\n").documents
  it.each<[ReadonlyArray<PropertyKey>, number]>([
    [[], 2],
    [["a"], 2],
    [["a", "b"], 3],
    [["a", "b", 1], 5],
    [["a", "b", 1, "c"], 5],
    [["a", "d.e"], 6],
    [["7"], 7],
    [["a", "missing", "deeper"], 2],
    [["a", "b", 9], 3]
  ])("of %j is %i, or that of the nearest value above", (path, line) => {
    expect(document?.lineOf(path)).toBe(line)
  })

  it("counts lines over all documents of a file", () => {
    expect(parseYaml("f", "a: 1\n---\n\nb: 2\n").documents.map((it) => it.lineOf([]))).toEqual([1, 4])
  })
})

describe("parseYaml", () => {
  it("tells the line of a fault and goes on with the other documents", () => {
    const { documents, problems } = parseYaml("f", "a: [1\n---\nb: 2\n")
    expect(problems[0]).toMatchObject({ line: 2, message: expect.stringMatching(/^not valid YAML: /) })
    expect(documents.map((it) => it.value)).toEqual([{ b: 2 }])
  })
})

describe("formatProblem", () => {
  it("is what compilers print; a fault of a whole file has no line", () => {
    expect(formatProblem({ file: "f", line: 3, field: "a.b", message: "is wrong" })).toBe("f:3: a.b: is wrong")
    expect(formatProblem({ file: "f", line: 0, field: "", message: "is wrong" })).toBe("f: is wrong")
  })
})

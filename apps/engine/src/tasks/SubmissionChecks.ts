/** What can be wrong between the tasks of a run: equal names, and inputs that come from nowhere or in a circle. */
import { formatPath } from "@fairlead/core"
import type { Submission } from "./Submission.ts"
import type { FileProblem } from "./YamlFile.ts"

const problemAt = ({ document }: Submission, path: ReadonlyArray<string>, message: string): FileProblem =>
  ({ file: document.file, line: document.lineOf(path), field: formatPath(path), message })

/** Names that are given twice: of tasks, of objects, and of actions of one run. */
export const clashes = (submissions: ReadonlyArray<Submission>): ReadonlyArray<FileProblem> => {
  const first = new Map<string, Submission>()
  const problems: Array<FileProblem> = []
  for (const submission of submissions) {
    const { metadata, spec } = submission.action
    const action = `an action "${spec.actionName}" of the run "${spec.runName}" in ${spec.project}/${spec.domain}`
    const names = [`a task "${submission.name}"`, `an object "${metadata.name}" in the namespace "${metadata.namespace}"`, action]
    const name = names.find((it) => first.has(it))
    for (const it of names) if (!first.has(it)) first.set(it, submission)
    if (name === undefined) continue
    const { document: earlier, nameField } = first.get(name)!
    const message = `there is ${name} at ${earlier.file}:${earlier.lineOf(nameField)} already; names must differ`
    problems.push(problemAt(submission, submission.nameField, message))
  }
  return problems
}

/** Inputs that come from tasks or outputs that are not there, or from a task that waits for this one. */
export const danglingReferences = (submissions: ReadonlyArray<Submission>): ReadonlyArray<FileProblem> => {
  const byName = new Map(submissions.map((it) => [it.name, it]))
  const problems: Array<FileProblem> = []
  for (const submission of submissions) {
    const report = (input: string, message: string): void => {
      problems.push(problemAt(submission, ["inputs", input], message))
    }
    for (const { input, output, task } of submission.references) {
      const source = byName.get(task)
      const declared = source?.action.spec.task?.interface?.outputs
      if (source === undefined) {
        report(input, `comes from the task "${task}", which is in none of the files; known are ${[...byName.keys()].sort().join(", ")}`)
      } else if (source.action.spec.task !== undefined && !Object.hasOwn(declared ?? {}, output)) {
        report(input, `comes from the output "${output}" of "${task}", which declares ${Object.keys(declared ?? {}).join(", ") || "none"}`)
      } else if (reaches(byName, task, submission.name)) {
        report(input, task === submission.name ? "comes from the task itself" : `makes "${submission.name}" and "${task}" wait for each other`)
      }
    }
  }
  return problems
}

/** True when `from` waits, over any number of steps, for `target`. */
const reaches = (byName: ReadonlyMap<string, Submission>, from: string, target: string): boolean => {
  const seen = new Set<string>()
  const open = [from]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === target) return true
    if (seen.has(name)) continue
    seen.add(name)
    open.push(...(byName.get(name)?.references.map((it) => it.task) ?? []))
  }
  return false
}

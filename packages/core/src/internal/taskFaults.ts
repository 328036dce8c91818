/** What a schema cannot say about a readable task: fields that exclude or need each other, names, quantities. */
import type { Task, TaskContainer } from "../Task.ts"
import { formatValue, type TaskIssue } from "../TaskInvalid.ts"
import { resourceNames } from "./taskTemplateOf.ts"

type Path = TaskIssue["path"]

/** All faults of a task that fits the schema. `needsPod` says that its plugin starts pods. */
export const taskFaults = (task: Task, needsPod: boolean, path: Path): ReadonlyArray<TaskIssue> => [
  ...targetFaults(task, needsPod, path),
  ...(task.container === undefined ? [] : containerFaults(task.container, [...path, "container"])),
  ...(task.pod === undefined ? [] : podFaults(task.pod, [...path, "pod"])),
  ...interfaceFaults(task, path)
]

const targetFaults = (task: Task, needsPod: boolean, path: Path): ReadonlyArray<TaskIssue> => {
  if (task.container !== undefined && task.pod !== undefined) {
    return [{ path: [...path, "pod"], problem: "there is a container, too; describe either one container or a whole pod" }]
  }
  if (needsPod && task.container === undefined && task.pod === undefined) {
    return [{ path: [...path, "container"], problem: "missing; give an image and a command, or describe a whole pod as pod" }]
  }
  return []
}

const quantity = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$/

const containerFaults = (container: typeof TaskContainer.Type, path: Path): ReadonlyArray<TaskIssue> => {
  const issues: Array<TaskIssue> = []
  for (const kind of ["requests", "limits"] as const) {
    for (const [name, value] of Object.entries(container.resources?.[kind] ?? {})) {
      const at = () => [...path, "resources", kind, name]
      if (!Object.hasOwn(resourceNames, name)) {
        const known = Object.keys(resourceNames).join(", ")
        issues.push({ path: at(), problem: `no such resource; a container can ask for ${known}, other resources need a pod` })
      }
      if (!quantity.test(value)) {
        issues.push({ path: at(), problem: `${formatValue(value)} is no quantity; write it as 2, 500m or 1Gi` })
      }
    }
  }
  for (const name of Object.keys(container.env ?? {})) {
    if (!/^[^=\0]+$/.test(name)) issues.push({ path: [...path, "env", name], problem: "a variable's name is not empty and has no =" })
  }
  return issues
}

const podFaults = (pod: NonNullable<Task["pod"]>, path: Path): ReadonlyArray<TaskIssue> => {
  const containers = pod.spec["containers"]
  if (!Array.isArray(containers) || containers.length === 0) {
    return [{ path: [...path, "spec", "containers"], problem: `expected a list of containers, got ${formatValue(containers)}` }]
  }
  const names = containers.map((it: unknown) => (it as { readonly name?: unknown } | null)?.name)
  if (names.includes(pod.primaryContainerName)) return []
  return [{
    path: [...path, "primaryContainerName"],
    problem: `no container is named "${pod.primaryContainerName}"; the pod has ${names.map((it) => formatValue(it)).join(", ")}`
  }]
}

/** Names of files that copilot itself writes into the folders of inputs and outputs. */
const reserved = { inputs: ["inputs.pb", "inputs.json", "inputs.yaml"], outputs: ["_ERROR"] } as const

const interfaceFaults = (task: Task, path: Path): ReadonlyArray<TaskIssue> => {
  if (task.interface === undefined && task.cache === undefined) return []
  const issues: Array<TaskIssue> = []
  for (const side of ["inputs", "outputs"] as const) {
    for (const name of Object.keys(task.interface?.[side] ?? {})) {
      if (!(reserved[side] as ReadonlyArray<string>).includes(name)) continue
      issues.push({ path: [...path, "interface", side, name], problem: `the folder of ${side} has a file of this name already; choose another` })
    }
  }
  const declared = Object.keys(task.interface?.inputs ?? {})
  for (const [index, name] of (task.cache?.ignoredInputs ?? []).entries()) {
    if (declared.includes(name)) continue
    issues.push({ path: [...path, "cache", "ignoredInputs", index], problem: `no such input: "${name}"; the interface declares ${declared.join(", ") || "none"}` })
  }
  return issues
}

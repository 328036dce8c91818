/** What must hold of every run: each task ends exactly once and as its attempts decided, no work is doubled, nothing is left over. */
import type { StoreWrite } from "@fairlead/api-server"
import type { TaskAction } from "@fairlead/core"
import type { KubeObject, Pod } from "@fairlead/kube"
import type { Checker } from "@fairlead/simulation"
import { actionOf, type TaskPlan } from "./Workload.ts"

type WriteChecker = Checker.Checker<StoreWrite>

const nameOf = (write: StoreWrite): string => write.event.object.metadata.name ?? ""

/** All checks over the writes of a run with these tasks. `taken` names the pods that a fault took away so far. */
export const makeChecks = (plans: ReadonlyArray<TaskPlan>, taken: ReadonlySet<string> = new Set()): ReadonlyArray<WriteChecker> => [
  endsOnce(plans),
  onePodPerLaunch(taken),
  attemptsInOrder(),
  nothingLeftOver()
]

/** Whether a write brings something new in one part of an object. Most writes do not, and what is known of the object need not be looked up for them. */
const isNews = ({ event: { object, previous, type } }: StoreWrite, part: (object: KubeObject) => unknown): boolean =>
  type !== "MODIFIED" || previous === undefined || part(object) !== part(previous)

const conditionsOf = (action: KubeObject): unknown => (action as TaskAction.TaskAction).status?.conditions

const finalizersOf = ({ metadata }: KubeObject): unknown => metadata.finalizers

const phaseOf = (pod: Pod): string | undefined => pod.status?.phase

const isOver = (phase: string | undefined): boolean => phase === "Succeeded" || phase === "Failed"

const verdictOf = (action: TaskAction.TaskAction): string | undefined =>
  action.status?.conditions?.find((it) => (it.type === "Succeeded" || it.type === "Failed") && it.status === "True")?.type

/** Every task ends, once and for all, and the way its attempts decided. */
const endsOnce = (plans: ReadonlyArray<TaskPlan>): WriteChecker => {
  const expected = new Map(plans.map((plan) => [actionOf(plan).metadata.name ?? "", plan.outcome]))
  const ended = new Map<string, string>()
  return {
    name: "every task ends once, as its attempts decided",
    kind: "Safety",
    observe: (write) => {
      if (write.resource.plural !== "taskactions" || !isNews(write, conditionsOf)) return undefined
      const name = nameOf(write)
      const verdict = verdictOf(write.event.object as TaskAction.TaskAction)
      const earlier = ended.get(name)
      if (earlier !== undefined) return verdict === earlier ? undefined : `${name} had ended as ${earlier} and became ${verdict ?? "unfinished"}`
      if (verdict === undefined) return undefined
      ended.set(name, verdict)
      return verdict === expected.get(name) ? undefined : `${name} ended as ${verdict}, but its attempts make it ${expected.get(name)}`
    },
    finish: () => [...expected.keys()].filter((name) => !ended.has(name)).map((name) => `${name} never ended`)
  }
}

/**
 * No pod is created a second time under the name of a launch. One that was taken away may be: an engine that was killed before it
 * could write down that there was a pod has nothing to tell it by.
 */
const onePodPerLaunch = (taken: ReadonlySet<string>): WriteChecker => {
  const created = new Set<string>()
  return {
    name: "one pod for each launch",
    kind: "Safety",
    observe: (write) => {
      if (write.resource.plural !== "pods" || write.event.type !== "ADDED") return undefined
      const name = nameOf(write)
      if (created.has(name) && !taken.has(name)) return `the pod ${name} was created twice`
      created.add(name)
      return undefined
    }
  }
}

/** An action never runs two attempts at the same time. */
const attemptsInOrder = (): WriteChecker => {
  const running = new Map<string, string>()
  return {
    name: "one attempt at a time",
    kind: "Safety",
    observe: (write) => {
      if (write.resource.plural !== "pods" || !isNews(write, phaseOf)) return undefined
      const pod: Pod = write.event.object
      const owner = pod.metadata.ownerReferences?.[0]?.name ?? ""
      const other = running.get(owner)
      if (write.event.type === "DELETED" || isOver(phaseOf(pod))) {
        if (other === nameOf(write)) running.delete(owner)
        return undefined
      }
      running.set(owner, nameOf(write))
      return other === undefined || other === nameOf(write) ? undefined : `${owner} runs ${nameOf(write)} while ${other} is still there`
    }
  }
}

/** At the end no pod is at work and no action holds a finalizer. */
const nothingLeftOver = (): WriteChecker => {
  const last = { pods: new Map<string, KubeObject>(), taskactions: new Map<string, KubeObject>() }
  return {
    name: "nothing is left over",
    kind: "Liveness",
    observe: (write) => {
      const { event, resource: { plural } } = write
      if ((plural !== "pods" || !isNews(write, phaseOf)) && (plural !== "taskactions" || !isNews(write, finalizersOf))) return undefined
      if (event.type === "DELETED") last[plural].delete(nameOf(write))
      else last[plural].set(nameOf(write), event.object)
      return undefined
    },
    finish: () => [
      ...[...last.pods].flatMap(([name, pod]) => leftOfPod(pod).map((left) => `pods/${name} ${left}`)),
      ...[...last.taskactions].flatMap(([name, action]) => leftOfAction(action).map((left) => `taskactions/${name} ${left}`))
    ]
  }
}

const leftOfPod = (pod: Pod): ReadonlyArray<string> => (isOver(phaseOf(pod)) ? [] : [`is still ${phaseOf(pod) ?? "without a phase"}`])

const leftOfAction = ({ metadata: { finalizers = [] } }: KubeObject): ReadonlyArray<string> =>
  finalizers.length === 0 ? [] : [`still holds ${finalizers.join(", ")}`]

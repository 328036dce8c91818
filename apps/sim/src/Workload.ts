/** Draws tasks from a seed: when they come, what their pods do, and how they must end. */
import type { TaskAction } from "@fairlead/core"
import type { PodRuntimeScripted } from "@fairlead/fake-cluster"
import type { SeededRandom } from "@fairlead/simulation"

/** What one attempt of a task does. Times are virtual milliseconds. */
export interface AttemptPlan {
  readonly startup: number
  readonly duration: number
  readonly exitCode: number
}

/** One task with its fate. */
export interface TaskPlan {
  readonly name: string
  readonly arrival: number
  readonly retries: number
  readonly attempts: ReadonlyArray<AttemptPlan>
  /** How the task must end when nothing but its own attempts decides. */
  readonly outcome: "Succeeded" | "Failed"
}

/** Size and mix of a workload. */
export interface WorkloadOptions {
  readonly tasks: number
  /** Tasks that arrive per virtual second. */
  readonly arrivalRate: number
  /** Chance of an attempt to fail, between 0 and 1. */
  readonly failureRate: number
  /** Longest run of one attempt in virtual milliseconds. */
  readonly durationMax: number
}

/** The same stream gives the same tasks. */
export const drawWorkload = (random: SeededRandom.SeededRandom, options: WorkloadOptions): ReadonlyArray<TaskPlan> => {
  const plans: Array<TaskPlan> = []
  let arrival = 0
  for (let index = 0; index < options.tasks; index++) {
    arrival += (-Math.log(1 - random.next()) * 1000) / options.arrivalRate
    plans.push({ name: `task-${index}`, arrival, ...drawAttempts(random, options) })
  }
  return plans
}

const drawAttempts = (random: SeededRandom.SeededRandom, options: WorkloadOptions): Pick<TaskPlan, "attempts" | "outcome" | "retries"> => {
  const retries = random.nextBelow(4)
  const attempts: Array<AttemptPlan> = []
  for (;;) {
    const fails = random.next() < options.failureRate
    attempts.push({
      startup: 50 + random.next() * 2000,
      // Most tasks are short, some are long.
      duration: 20 + random.next() ** 4 * options.durationMax,
      exitCode: fails ? 1 + random.nextBelow(100) : 0
    })
    if (!fails) return { retries, attempts, outcome: "Succeeded" }
    if (attempts.length > retries) return { retries, attempts, outcome: "Failed" }
  }
}

/** Place of all simulated tasks. */
export const place = { namespace: "simulation", runName: "sim", project: "simulation", domain: "virtual" } as const

/** The object that asks for the task. */
export const actionOf = (plan: TaskPlan): TaskAction.TaskAction => ({
  apiVersion: "flyte.org/v1",
  kind: "TaskAction",
  metadata: { name: `${place.runName}-${plan.name}`, namespace: place.namespace },
  spec: {
    runName: place.runName,
    project: place.project,
    domain: place.domain,
    actionName: plan.name,
    task: {
      container: { image: "scripted", command: ["work"], resources: { requests: { cpu: "100m", memory: "64Mi" } } },
      retries: plan.retries
    }
  }
})

/** What the pod of an attempt does; attempts count from 1. */
export const scriptOf = (plan: TaskPlan, attempt: number): PodRuntimeScripted.PodScript => {
  const step = plan.attempts[Math.min(attempt, plan.attempts.length) - 1]
  return step === undefined ? {} : { default: { start: step.startup, run: step.duration, exitCode: step.exitCode, log: `exit ${step.exitCode}` } }
}

/** Drives a pod record as the kubelet does, with a runtime that is a plain list of wishes. */
import type { Container, Pod, PodStatus } from "@fairlead/kube"
import type { ContainerEvent } from "../../src/PodRuntime.ts"
import * as Records from "../../src/internal/podRecord.ts"
import { podStatus } from "../../src/internal/podStatus.ts"

export const epoch = Date.UTC(2026, 0, 1)

export const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: `${name}-image`, ...more })

export const podOf = (spec: Partial<Pod["spec"]> & object): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u-1", generation: 1 },
  spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 30, containers: [container("main")], nodeName: "n", ...spec } as Pod["spec"] & object
})

/** The steps taken and the state after each, in words short enough for tables. */
export class PodMachine {
  record: Records.PodRecord
  now = epoch
  status: PodStatus | undefined
  readonly steps: Array<string> = []
  readonly pulls = new Map<string, string>()

  constructor(pod: Pod) {
    this.record = Records.make(pod, this.now)
    this.run()
  }

  /** Takes all steps that are due; containers named in `pulls` fail to start with that reason. */
  run(): this {
    for (let round = 0; round < 50; round++) {
      const { record, steps } = Records.advance(this.record, this.now)
      this.record = record
      if (steps.length === 0) {
        this.status = podStatus(this.record, this.status, "10.0.0.1", this.now)
        return this
      }
      for (const step of steps) this.#take(step)
    }
    throw new Error("the pod never comes to rest")
  }

  #take(step: Records.Step): void {
    switch (step._tag) {
      case "Open":
        this.steps.push("open")
        this.record = Records.opened(this.record, "10.1.0.1")
        return
      case "Start": {
        this.steps.push(`start ${step.container}`)
        this.record = Records.begin(this.record, step.container, this.now)
        const reason = this.pulls.get(step.container)
        this.record = reason === undefined
          ? Records.report(this.record, step.container, { _tag: "Started", containerId: `test://${step.container}` }, this.now)
          : Records.failStart(this.record, step.container, reason, "no such thing", this.now)
        return
      }
      case "Stop":
        this.steps.push(`stop ${step.container} ${step.graceSeconds}`)
        this.record = Records.stopped(this.record, step.container, step.graceSeconds, this.now)
    }
  }

  event(name: string, event: ContainerEvent): this {
    this.record = Records.report(this.record, name, event, this.now)
    return this.run()
  }

  exit(name: string, exitCode = 0, more: { reason?: string; message?: string } = {}): this {
    return this.event(name, { _tag: "Exited", exitCode, ...more })
  }

  after(seconds: number): this {
    this.now += seconds * 1000
    return this.run()
  }

  end(graceSeconds: number, reason?: string): this {
    this.record = Records.end(this.record, { reason, message: undefined, since: this.now, graceSeconds })
    return this.run()
  }

  get phase(): string {
    return this.status?.phase ?? "none"
  }

  /** `main=waiting:ContainerCreating side=running ready` */
  get containers(): string {
    return [...(this.status?.initContainerStatuses ?? []), ...(this.status?.containerStatuses ?? [])].map((it) => {
      const state = it.state?.waiting !== undefined
        ? `waiting:${it.state.waiting.reason}`
        : it.state?.running !== undefined
        ? "running"
        : `exit:${it.state?.terminated?.exitCode}:${it.state?.terminated?.reason}`
      const last = it.lastState?.terminated === undefined ? "" : `<${it.lastState.terminated.exitCode}`
      return `${it.name}=${state}${last}${it.restartCount > 0 ? ` x${it.restartCount}` : ""}${it.ready ? " ready" : ""}`
    }).join(", ")
  }

  /** `Initialized=True Ready=False:ContainersNotReady` */
  get conditions(): string {
    return (this.status?.conditions ?? []).map((it) => `${it.type}=${it.status}${it.reason === undefined ? "" : `:${it.reason}`}`).join(" ")
  }

  condition(type: string) {
    return this.status?.conditions?.find((it) => it.type === type)
  }
}

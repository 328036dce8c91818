/** One reconcile that is going on. */
import type { KubeObject, KubeResource } from "@fairlead/kube"
import type { Fiber } from "effect"
import type { ObjectName, WriteRecord } from "../OwnWrites.ts"
import type { ReconcileRequest } from "../ReconcileRequest.ts"
import type { Result } from "../Result.ts"
import type { QueueItem } from "../WorkQueue.ts"
import type { Linked } from "./chain.ts"
import type { ControllerCore } from "./controllerCore.ts"

/** A reconcile from its start to its end; it takes note of what it writes. */
export class Run implements Linked<Run>, WriteRecord {
  readonly request: ReconcileRequest
  readonly priority: number
  readonly startedAt: number
  fiber: Fiber.Fiber<Result, unknown> | undefined
  isTimedOut = false
  /** It did not react to the interruption: its place was given to another key. */
  isAbandoned = false
  next: Run | undefined
  previous: Run | undefined
  readonly #core: ControllerCore

  constructor(core: ControllerCore, { key, priority }: QueueItem<ReconcileRequest>, startedAt: number) {
    this.#core = core
    this.request = key
    this.priority = priority
    this.startedAt = startedAt
  }

  record(object: KubeObject): void {
    this.#core.expectations.record(this.request, object, this.#core.now())
  }

  recordDeletion(resource: KubeResource.KubeResource, { name, namespace }: ObjectName): void {
    this.#core.expectations.recordDeletion(this.request, resource, namespace, name, this.#core.now())
  }

  recordUnknown(resource: KubeResource.KubeResource, { name, namespace }: ObjectName): void {
    this.#core.expectations.recordUnknown(this.request, resource, namespace, name, this.#core.now())
  }
}

/** What the engine remembers about an action between rounds and can afford to lose: everything else is in the status. */
import { NameMap } from "@fairlead/controller"
import type { PluginState, TaskAction, TaskExecutionMetadata, TaskPaths } from "@fairlead/core"
import type { ActionEvent } from "../ActionEvent.ts"
import type { Assignment, Rejection } from "../Preparation.ts"
import { type CacheMemory, dropLease } from "./cacheMemory.ts"
import { isSameProgress } from "./statusPatch.ts"
import { fromWire } from "./times.ts"

type Status = TaskAction.TaskActionStatus

/** A status that is decided but not stored. */
export interface Pending {
  /** The stored status that it follows from. */
  readonly base: Status | undefined
  readonly status: Status
  /** Events that tell of it, to go out once it is stored. */
  readonly events: ReadonlyArray<ActionEvent>
  /** When the oldest news in it was heard. */
  readonly since: number
  /** Nothing else may be done before it is stored. */
  readonly isUrgent: boolean
}

/** Metadata and folders of one launch. */
export interface LaunchFacts {
  readonly attempt: number
  readonly launch: number
  readonly metadata: TaskExecutionMetadata
  readonly paths: TaskPaths
  /** Made when a plugin first asks for it. */
  idempotencyKey: string | undefined
}

/** The memory of one action. Mutable: only one round works on an action at a time. */
export interface ActionMemory {
  readonly uid: string
  /** When the object was made; absent if it does not say. */
  readonly createdAt: number | undefined
  generation: number | undefined
  preparation: Assignment | Rejection | undefined
  pending: Pending | undefined
  /** Stored but not delivered events, in order. */
  outbox: ReadonlyArray<ActionEvent>
  /** Version of the last delivered event. */
  delivered: number
  /** The plugin is not to be asked before this time. */
  notBefore: number
  /** Sequence of the stored failure whose launch has been cleaned up. */
  cleanedUp: number | undefined
  areInputsWritten: boolean
  /** A call of the plugin began and has not come back. */
  isCalling: boolean
  /** The event of the abort is in the outbox or delivered. */
  isAbortTold: boolean
  /** The sink refused the last time, and people were told. */
  isSinkDown: boolean
  launch: LaunchFacts | undefined
  /** The plugin state as it was last read or reported; worth nothing unless the status holds it. */
  pluginState: PluginState | undefined
  /** Only for actions that use the cache. */
  cache: CacheMemory | undefined
}

/** Memories by `namespace/name`. A memory of an object that was deleted and made anew is never used for the new one. */
export class Memories {
  readonly #byName = new NameMap<ActionMemory>()

  /** The memory of an action; `remember` makes a new one from what the status says. */
  of(action: TaskAction.TaskAction, remember: (action: TaskAction.TaskAction) => Pick<ActionMemory, "outbox" | "delivered" | "preparation">): ActionMemory {
    const { name = "", namespace, uid = "" } = action.metadata
    const known = this.#byName.get(namespace, name)
    if (known !== undefined && known.uid === uid) {
      if (known.generation !== action.metadata.generation) renew(known, action)
      return known
    }
    const { delivered, outbox, preparation } = remember(action)
    const fresh: ActionMemory = {
      uid,
      createdAt: fromWire(action.metadata.creationTimestamp),
      generation: action.metadata.generation,
      preparation,
      pending: undefined,
      outbox,
      delivered,
      notBefore: 0,
      cleanedUp: undefined,
      areInputsWritten: false,
      isCalling: false,
      isAbortTold: false,
      isSinkDown: false,
      launch: undefined,
      pluginState: undefined,
      cache: undefined
    }
    dropLease(known?.cache)
    this.#byName.set(namespace, name, fresh)
    return fresh
  }

  forget(namespace: string | undefined, name: string): void {
    dropLease(this.#byName.get(namespace, name)?.cache)
    this.#byName.delete(namespace, name)
  }

  get size(): number {
    return this.#byName.size
  }
}

/** A changed spec is prepared again. */
const renew = (memory: ActionMemory, action: TaskAction.TaskAction): void => {
  memory.generation = action.metadata.generation
  memory.preparation = undefined
  memory.launch = undefined
  memory.areInputsWritten = false
  dropLease(memory.cache)
  memory.cache = undefined
}

/**
 * What is known to have happened to a pending status, by the status that the cache shows now.
 *
 * `Stored`: a write whose answer never came was carried out. `Waiting`: nothing was written since it was decided.
 * `Overtaken`: somebody else wrote progress; what was decided no longer follows.
 */
export const fateOf = (pending: Pending, seen: Status | undefined): "Stored" | "Waiting" | "Overtaken" => {
  if (isSameProgress(pending.status, seen)) return "Stored"
  return isSameProgress(pending.base, seen) ? "Waiting" : "Overtaken"
}

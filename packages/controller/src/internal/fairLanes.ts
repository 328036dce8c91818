/** Ready entries: the highest priority first, tenants of one priority in turn, first in first out for each tenant. */
import { Chain } from "./chain.ts"
import type { QueueEntry } from "./queueEntry.ts"

/** The ready entries of one tenant at one priority. A lane that has any is in the ring of its level. */
export interface Lane {
  readonly tenant: Tenant
  readonly level: Level
  readonly entries: Chain<QueueEntry>
  isInRing: boolean
  before: Lane | undefined
  after: Lane | undefined
}

/** One priority: a ring of lanes, and whose turn it is. */
interface Level {
  readonly priority: number
  turn: Lane | undefined
  size: number
}

/** Whoever shares the queue with others. */
export interface Tenant {
  readonly name: string
  readonly lanes: Array<Lane>
  /** Entries that exist, ready or not. */
  entries: number
  /** Entries that are being worked on. */
  active: number
}

/** Finds the next entry in constant time for each operation, as long as priorities are few. */
export class FairLanes {
  readonly #levels: Array<Level> = []
  readonly #tenants = new Map<string, Tenant>()
  readonly #activeMax: number
  size = 0

  constructor(activeMax: number) {
    this.#activeMax = activeMax
  }

  /** The tenant with this name; it lives as long as it has entries. */
  enter(name: string): Tenant {
    let tenant = this.#tenants.get(name)
    if (tenant === undefined) this.#tenants.set(name, (tenant = { name, lanes: [], entries: 0, active: 0 }))
    tenant.entries++
    return tenant
  }

  leave(tenant: Tenant): void {
    if (--tenant.entries === 0) this.#tenants.delete(tenant.name)
  }

  push(entry: QueueEntry): void {
    const lane = this.#laneOf(entry.tenant, entry.priority)
    entry.lane = lane
    lane.entries.push(entry)
    lane.level.size++
    this.size++
    if (!lane.isInRing && entry.tenant.active < this.#activeMax) link(lane)
  }

  remove(entry: QueueEntry): void {
    const lane = entry.lane!
    lane.entries.remove(entry)
    entry.lane = undefined
    lane.level.size--
    this.size--
    if (lane.entries.size === 0 && lane.isInRing) unlink(lane)
  }

  /** Takes the entry whose turn it is, and counts it as active; `undefined` when none may run. */
  pop(): QueueEntry | undefined {
    for (const level of this.#levels) {
      const lane = level.turn
      if (lane === undefined) continue
      const entry = lane.entries.first!
      level.turn = lane.after
      this.remove(entry)
      if (++entry.tenant.active >= this.#activeMax) for (const it of entry.tenant.lanes) if (it.isInRing) unlink(it)
      return entry
    }
    return undefined
  }

  /** An active entry of the tenant is done. */
  release(tenant: Tenant): void {
    if (tenant.active-- < this.#activeMax) return
    for (const lane of tenant.lanes) if (!lane.isInRing && lane.entries.size > 0) link(lane)
  }

  /** Ready entries for each priority, the highest first. */
  depths(): ReadonlyArray<readonly [priority: number, depth: number]> {
    return this.#levels.map((it) => [it.priority, it.size])
  }

  #laneOf(tenant: Tenant, priority: number): Lane {
    for (const lane of tenant.lanes) if (lane.level.priority === priority) return lane
    const lane: Lane = { tenant, level: this.#levelOf(priority), entries: new Chain(), isInRing: false, before: undefined, after: undefined }
    tenant.lanes.push(lane)
    return lane
  }

  #levelOf(priority: number): Level {
    const at = this.#levels.findIndex((it) => it.priority <= priority)
    const found = this.#levels[at]
    if (found?.priority === priority) return found
    const level: Level = { priority, turn: undefined, size: 0 }
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, level)
    return level
  }
}

/** Puts a lane in the ring so that all others have their turn first. */
const link = (lane: Lane): void => {
  const { level } = lane
  lane.isInRing = true
  if (level.turn === undefined) {
    level.turn = lane.before = lane.after = lane
    return
  }
  lane.after = level.turn
  lane.before = level.turn.before!
  lane.before.after = lane
  level.turn.before = lane
}

const unlink = (lane: Lane): void => {
  const { level } = lane
  lane.isInRing = false
  if (lane.after === lane) level.turn = undefined
  else {
    lane.before!.after = lane.after
    lane.after!.before = lane.before
    if (level.turn === lane) level.turn = lane.after
  }
  lane.before = lane.after = undefined
}

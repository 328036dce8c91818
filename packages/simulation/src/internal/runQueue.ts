/** The one queue of tasks that are ready to run: lower priority numbers first, first in first out within each. */

type Task = () => void

interface Lane {
  readonly priority: number
  tasks: Array<Task | undefined>
  head: number
}

/** Taken slots are given back once this many have gathered at the front of a lane that never runs empty. */
const compactMin = 4096

/** Effect uses priority 0 nearly always, so the search for a lane is one step. */
export class RunQueue {
  private readonly lanes: Array<Lane> = [{ priority: 0, tasks: [], head: 0 }]
  /** Tasks that wait. */
  size = 0

  push(task: Task, priority: number): void {
    this.laneOf(priority).tasks.push(task)
    this.size++
  }

  take(): Task | undefined {
    if (this.size === 0) return undefined
    for (const lane of this.lanes) {
      if (lane.head === lane.tasks.length) continue
      const task = lane.tasks[lane.head]
      lane.tasks[lane.head++] = undefined
      this.size--
      if (lane.head === lane.tasks.length) {
        lane.tasks.length = 0
        lane.head = 0
      } else if (lane.head >= compactMin && lane.head * 2 > lane.tasks.length) {
        lane.tasks = lane.tasks.slice(lane.head)
        lane.head = 0
      }
      return task
    }
    return undefined
  }

  private laneOf(priority: number): Lane {
    const lanes = this.lanes
    let index = 0
    while (index < lanes.length && lanes[index]!.priority < priority) index++
    const found = lanes[index]
    if (found !== undefined && found.priority === priority) return found
    const lane: Lane = { priority, tasks: [], head: 0 }
    lanes.splice(index, 0, lane)
    return lane
  }
}

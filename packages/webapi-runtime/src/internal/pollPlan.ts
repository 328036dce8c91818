/** When to look at jobs: pure arithmetic over intervals, limits and shares. Times are milliseconds. */

/** How much of the interval chance adds or takes, so that jobs begun together drift apart. */
const jitter = 0.1
/** A job that changed `t` ago is looked at again after a fifth of `t`. */
const youthDivisor = 5
/** Room left between what a limit allows and what is planned, so that a queue drains. */
const headroom = 1.05

/** The shortest interval. */
export const intervalMin = (resyncInterval: number): number => Math.max(1000, resyncInterval / 10)

/** The interval of a job: short after a change, up to the configured one, longer where a limit does not allow that. */
export const intervalOf = (resyncInterval: number, unchangedFor: number, loadInterval: number): number =>
  Math.max(loadInterval, Math.min(resyncInterval, Math.max(intervalMin(resyncInterval), unchangedFor / youthDivisor)))

/** The interval with chance in it; `random` is from 0 to 1. */
export const jittered = (interval: number, random: number): number => interval * (1 - jitter + 2 * jitter * random)

/** The pause after so many failures in a row. */
export const failureDelay = (failures: number, resyncInterval: number): number =>
  Math.min(resyncInterval, 1000 * 2 ** Math.min(20, failures - 1))

/** A tenant as far as sharing is concerned. */
export interface Claimant {
  readonly jobs: number
  readonly weight: number
}

/** What a tenant gets: jobs that may be looked at in a second, and whether that is less than it wants. */
export interface Share {
  readonly perSecond: number
  readonly isShort: boolean
  /** The interval at which every job of it can be looked at. */
  readonly loadInterval: number
}

/**
 * Divides `perSecond` looks among tenants. Each wants all its jobs looked at once in `resyncInterval`; who wants less than its
 * weighted part gets that, and what it leaves goes to the others.
 */
export const shareOut = (claimants: ReadonlyArray<Claimant>, perSecond: number, resyncInterval: number): ReadonlyArray<Share> => {
  const wants = claimants.map(({ jobs }) => jobs * 1000 / resyncInterval)
  const total = wants.reduce((sum, it) => sum + it, 0)
  if (total <= perSecond) {
    const jobs = claimants.reduce((sum, it) => sum + it.jobs, 0)
    const loadInterval = headroom * jobs * 1000 / perSecond
    return claimants.map((it) => ({ perSecond: jobs === 0 ? perSecond : perSecond * it.jobs / jobs, isShort: false, loadInterval }))
  }
  const parts = new Array<number>(claimants.length).fill(0)
  const byNeed = claimants.map((_, index) => index).sort((a, b) => wants[a]! / claimants[a]!.weight - wants[b]! / claimants[b]!.weight)
  let left = perSecond
  let weights = claimants.reduce((sum, it) => sum + it.weight, 0)
  for (const index of byNeed) {
    const { weight } = claimants[index]!
    const part = Math.min(wants[index]!, left * weight / weights)
    parts[index] = part
    left -= part
    weights -= weight
  }
  return claimants.map(({ jobs }, index) => {
    const part = parts[index]!
    const isShort = part < wants[index]! - 1e-9
    return { perSecond: part, isShort, loadInterval: part === 0 ? 0 : headroom * jobs * 1000 / part }
  })
}

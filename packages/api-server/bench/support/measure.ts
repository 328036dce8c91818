/** Processor time of a few rounds, and the line that the harness reads. */

/** Prints one measure. */
export const report = (name: string, value: number, unit: string, more: { readonly [key: string]: number | string } = {}): void =>
  console.log(JSON.stringify({ name, value: Number(value.toPrecision(4)), unit, ...more }))

/** Milliseconds of processor time that this thread has used. It stands still while other programs have the processor, which wall time does not. */
const processorTime = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Milliseconds of one run. */
export const timeOf = (run: () => void): number => {
  const start = processorTime()
  run()
  return processorTime() - start
}

/**
 * Milliseconds of the best of `rounds` runs, after one that does not count. Other programs only ever add time, so the best is the nearest to what the
 * code itself takes.
 */
export const bestOf = (rounds: number, run: () => void, prepare: () => void = () => undefined): number => {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round <= rounds; round++) {
    prepare()
    const time = timeOf(run)
    if (round > 0) best = Math.min(best, time)
  }
  return best
}

/** Bytes of the heap that live. Needs `--expose-gc`. */
export const liveBytes = (): number => {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc")
  for (let i = 0; i < 4; i++) globalThis.gc()
  return process.memoryUsage().heapUsed
}

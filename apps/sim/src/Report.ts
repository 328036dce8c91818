/** What a simulated run tells: for people, for programs, and by its exit code. */
import type { Usage } from "./Machine.ts"
import type { SimulateOptions, SimulateReport } from "./Simulate.ts"

/** 0 when every promise held; 10 when something happened that never may; 11 when something that must happen did not. */
export const exitCodeOf = ({ verdict }: SimulateReport): number => ({ Passed: 0, Safety: 10, Liveness: 11 })[verdict.outcome]

/** The command that repeats the run exactly, every drawn number included. */
export const replayCommand = (options: SimulateOptions): string =>
  [
    "fairlead-sim run",
    `--seed ${options.seed}`,
    `--tasks ${options.tasks}`,
    `--nodes ${options.nodes}`,
    `--rate ${options.arrivalRate}`,
    `--failures ${options.failureRate}`,
    `--longest ${options.durationMax / 1000}`,
    ...(options.faults.length === 0 ? [] : [`--faults ${options.faults.join(",")}`]),
    `--transport ${options.transport}`
  ].join(" ")

/** One JSON document. */
export const toJson = (report: SimulateReport, usage: Usage): string => JSON.stringify({ ...report, usage, replay: replayCommand(report.options) }, null, 2)

/** The report in lines. */
export const toLines = (report: SimulateReport, usage: Usage): ReadonlyArray<string> => {
  const { options, verdict } = report
  const counts = (numbers: { readonly [name: string]: number }): string => Object.entries(numbers).map(([name, count]) => `${name} ${count}`).join(", ")
  return [
    `${options.tasks} tasks on ${options.nodes} nodes: ${report.outcomes.succeeded} to succeed, ${report.outcomes.failed} to fail, ${report.pods} pods`,
    `${(report.elapsed / 1000).toFixed(1)} s of virtual time in ${(usage.wall / 1000).toFixed(1)} s, at most ${Math.round(usage.memoryMost / 1e6)} MB`,
    `${report.writes} writes: ${counts(report.writesByKind)}`,
    ...(options.faults.length === 0 ? [] : [`faults: ${counts(report.faults)}`]),
    `journal ${report.journal}`,
    verdict.outcome === "Passed" ? `every promise held over ${verdict.observationCount} observations` : `${verdict.outcome}: ${verdict.violationCount} broken promises`,
    ...verdict.violations.map((it) => `  at ${(it.time / 1000).toFixed(3)} s, ${it.checker}: ${it.message}`),
    ...(verdict.outcome === "Passed" ? [] : [`to replay: ${replayCommand(options)}`])
  ]
}

import { Phase, PluginError, type TaskAction, type Transition } from "@fairlead/core"
import { describe, expect, it } from "vitest"
import { type Decision, decide, nextLaunch, type Outcome, reject, relaunchAt, type Situation } from "../src/Decision.ts"
import { limitsOf, makeConfig } from "../src/EngineConfig.ts"
import { historyMax } from "../src/internal/phaseHistory.ts"

type Status = TaskAction.TaskActionStatus

const epoch = Date.parse("2026-01-01T00:00:00Z")
const limits = limitsOf(makeConfig())

const situation = (over: Partial<Situation> = {}): Situation => ({
  actionId: "run/a0",
  generation: 1,
  createdAt: epoch,
  status: {},
  bounds: { maxAttempts: 1, retryDelay: () => 0, queuedTimeout: 0, runningTimeout: 0, deadline: 0 },
  limits,
  now: epoch,
  ...over
})
const bounds = (over: Partial<Situation["bounds"]>): Situation["bounds"] => ({ ...situation().bounds, ...over })

const reported = (phase: Phase.PhaseInfo, rest: Partial<Transition> = {}): Outcome => ({ _tag: "Reported", transition: { phase, ...rest } })
const failed = (over: Partial<PluginError> = {}): Outcome => ({
  _tag: "Failed",
  error: new PluginError({ plugin: "p", code: "StoreDown", description: "no answer", kind: "SYSTEM", retryable: true, ...over })
})
const userError = { code: "ExitCode", message: "exit code 1", kind: "USER" } as const
const systemError = { code: "Killed", message: "the node went away", kind: "SYSTEM" } as const

/** Feeds outcomes one after the other, `step` milliseconds apart; relaunches as the engine would. */
const play = (start: Situation, outcomes: ReadonlyArray<Outcome>, step = 1000): { readonly decisions: ReadonlyArray<Decision>; readonly status: Status } => {
  let status = start.status
  let now = start.now
  const decisions = outcomes.map((outcome) => {
    const decision = decide({ ...start, status, now }, outcome)
    status = decision.next._tag === "Relaunch" ? nextLaunch(decision.status) : decision.status
    now += step
    return decision
  })
  return { decisions, status }
}

const condition = (status: Status, type: string) => status.conditions?.find((it) => it.type === type)
const phasesOf = (status: Status) => status.phaseHistory?.map((it) => it.phase)

describe("a phase becomes conditions, history and an event", () => {
  it.each([
    ["NotReady", Phase.notReady(0, "why"), "True", "Queued", undefined, "QUEUED"],
    ["Queued", Phase.queued(0, "why"), "True", "Queued", undefined, "QUEUED"],
    ["WaitingForResources", Phase.waitingForResources(0, "why"), "True", "Queued", undefined, "WAITING_FOR_RESOURCES"],
    ["WaitingForCache", Phase.waitingForCache(0, "why"), "True", "Queued", undefined, "WAITING_FOR_RESOURCES"],
    ["Initializing", Phase.initializing(0, "why"), "True", "Initializing", undefined, "INITIALIZING"],
    ["Running", Phase.running(1, "why"), "True", "Executing", undefined, "RUNNING"],
    ["Success", Phase.success(), "False", "Completed", "Succeeded", "SUCCEEDED"],
    ["PermanentFailure", Phase.permanentFailure(userError), "False", "PermanentFailure", "Failed", "FAILED"],
    ["Aborted", Phase.aborted(0, "why"), "False", "Aborted", "Failed", "ABORTED"]
  ] as const)("%s", (name, phase, progressing, reason, terminal, event) => {
    const { status, reports, next, write } = decide(situation(), reported(phase))
    expect(condition(status, "Progressing")).toMatchObject({ status: progressing, reason, observedGeneration: 1, lastTransitionTime: "2026-01-01T00:00:00Z" })
    expect(condition(status, "Succeeded")?.status).toBe(terminal === "Succeeded" ? "True" : undefined)
    expect(condition(status, "Failed")?.status).toBe(terminal === "Failed" ? "True" : undefined)
    expect(phasesOf(status)).toEqual([reason])
    expect(status.pluginPhase).toBe(`Phase${name}`)
    expect(JSON.parse(status.stateJson!)).toEqual({ phase: `Phase${name}`, actionId: "run/a0", timestamp: "2026-01-01T00:00:00Z" })
    expect(reports).toMatchObject([{ sequence: 1, attempt: 1, phase: event, at: epoch }])
    expect(next._tag).toBe(terminal === undefined ? "Wait" : "Conclude")
    expect(write).toBe("Now")
  })

  it("Undefined changes nothing", () => {
    const before = decide(situation(), reported(Phase.running(1, ""))).status
    expect(decide(situation({ status: before }), reported(Phase.undefinedPhase()))).toMatchObject({ write: "Nothing", reports: [], status: before })
  })

  it("the history takes the engine's clock, not the time that the pod tells", () => {
    const phase = Phase.running(1, "", { occurredAt: epoch - 3_600_000 })
    expect(decide(situation(), reported(phase)).status.phaseHistory?.[0]?.occurredAt).toBe("2026-01-01T00:00:00.000Z")
  })

  it("a condition keeps its transition time while its status stays", () => {
    const { status } = play(situation(), [reported(Phase.queued(0, "")), reported(Phase.running(1, "")), reported(Phase.success())])
    expect(condition(status, "Progressing")).toMatchObject({ status: "False", lastTransitionTime: "2026-01-01T00:00:02Z" })
  })
})

describe("what must be stored at once", () => {
  it("a deferrable report of a phase before running can wait", () => {
    expect(decide(situation(), reported(Phase.queued(0, ""), { deferrable: true })).write).toBe("Later")
  })
  it("the first report of running cannot", () => {
    expect(decide(situation(), reported(Phase.running(1, ""), { deferrable: true })).write).toBe("Now")
  })
  it("a newer version of running can", () => {
    const { status } = decide(situation(), reported(Phase.running(1, "")))
    expect(decide(situation({ status }), reported(Phase.running(2, "logs"), { deferrable: true }))).toMatchObject({ write: "Later", reports: [{ sequence: 2 }] })
  })
  it("a report without the promise cannot", () => {
    expect(decide(situation(), reported(Phase.queued(0, ""))).write).toBe("Now")
  })
  it("the same report again is no news", () => {
    const { status } = decide(situation(), reported(Phase.running(1, "on node a")))
    expect(decide(situation({ status }), reported(Phase.running(1, "on node a")))).toMatchObject({ write: "Nothing", reports: [], status })
  })
  it("a lower version of the same phase never lowers the stored one", () => {
    const { status } = decide(situation(), reported(Phase.running(4, "a")))
    expect(decide(situation({ status }), reported(Phase.running(2, "b"))).status.pluginPhaseVersion).toBe(4)
  })
  it("new plugin state without a new phase is stored without an event", () => {
    const { status } = decide(situation(), reported(Phase.running(1, "")))
    const state = { version: 1, bytes: new Uint8Array([1, 2, 3]) }
    const decision = decide(situation({ status }), reported(Phase.running(1, ""), { state }))
    expect(decision).toMatchObject({ write: "Now", reports: [], status: { pluginState: "AQID", pluginStateVersion: 1 } })
    expect(decide(situation({ status: decision.status }), reported(Phase.running(1, ""), { state })).write).toBe("Nothing")
  })
})

describe("failures of the task", () => {
  const retryable = reported(Phase.retryableFailure(userError))

  it("the failed attempt is told and kept before the next one starts", () => {
    const { decisions, status } = play(situation({ bounds: bounds({ maxAttempts: 2 }) }), [retryable, reported(Phase.queued(0, "again"))])
    expect(decisions[0]).toMatchObject({
      write: "Now",
      reports: [{ phase: "FAILED", attempt: 1, sequence: 1, error: userError }],
      next: { _tag: "Relaunch", notBefore: epoch },
      status: { attempts: 1, errorState: { code: "ExitCode", kind: "USER", message: "exit code 1" } }
    })
    expect(condition(decisions[0]!.status, "Progressing")).toMatchObject({ status: "True", reason: "RetryableFailure" })
    expect(status).toMatchObject({ attempts: 2, sequence: 2, pluginPhase: "PhaseQueued" })
    expect(status.errorState).toBeUndefined()
    expect(status.phaseHistory).toMatchObject([
      { phase: "RetryableFailure", message: "exit code 1", attempt: 1 },
      { phase: "Queued", attempt: 2 }
    ])
  })

  it("the last attempt's failure is permanent and keeps its code", () => {
    const { status, decisions } = play(situation({ bounds: bounds({ maxAttempts: 2 }) }), [retryable, retryable])
    expect(status.errorState).toEqual({ code: "ExitCode", kind: "USER", message: "exit code 1 (attempt 2 of 2)" })
    expect(condition(status, "Failed")).toMatchObject({ status: "True", reason: "PermanentFailure" })
    expect(decisions[1]).toMatchObject({ next: { _tag: "Conclude" }, reports: [{ phase: "FAILED", attempt: 2, sequence: 2 }] })
  })

  it("a failure without an error gets the code MaxRetriesExceeded", () => {
    const phase = { ...Phase.retryableFailure(userError), error: undefined, reason: "gone" }
    expect(decide(situation(), reported(phase)).status.errorState).toMatchObject({ code: "MaxRetriesExceeded", kind: "USER", message: "gone" })
  })

  it("the pause between attempts follows the template", () => {
    const retryDelay = (failures: number) => failures * 5000
    const slow = situation({ bounds: bounds({ maxAttempts: 5, retryDelay }) })
    const first = decide(slow, retryable)
    expect(first.next).toEqual({ _tag: "Relaunch", notBefore: epoch + 5000 })
    expect(relaunchAt({ ...slow, status: first.status }, epoch)).toBe(epoch + 5000)
  })

  it("an error of unknown kind counts as the task's", () => {
    const unknown = reported(Phase.retryableFailure({ ...userError, kind: "UNKNOWN" }))
    const { decisions } = play(situation({ bounds: bounds({ maxAttempts: 2 }) }), [unknown, reported(Phase.queued(0, ""))])
    expect(decisions[0]?.status.errorState?.kind).toBe("")
    expect(decisions[1]?.status.attempts).toBe(2)
  })

  it("a new attempt forgets system failures and plugin state", () => {
    const status: Status = { attempts: 1, launches: 2, systemFailures: 3, systemFailureSince: "2026-01-01T00:00:00Z", pluginState: "AQ==", pluginStateVersion: 1, errorState: { kind: "USER" } }
    expect(nextLaunch(status)).toEqual({ attempts: 2, launches: 0, systemFailures: 0 })
  })
})

describe("whose failure it is", () => {
  it.each([
    ["a failure of kind SYSTEM that may be tried again", Phase.retryableFailure(systemError), { attempts: 1, launches: 1, systemFailures: 1 }],
    ["one of kind USER", Phase.retryableFailure(userError), { attempts: 2, launches: 0, systemFailures: 0 }],
    ["one of unknown kind", Phase.retryableFailure({ ...systemError, kind: "UNKNOWN" }), { attempts: 2, launches: 0, systemFailures: 0 }],
    ["one that explains nothing", { ...Phase.retryableFailure(systemError), error: undefined }, { attempts: 2, launches: 0, systemFailures: 0 }],
    ["a final failure, although it is the system's", Phase.permanentFailure(systemError), undefined],
    ["no failure at all", Phase.queued(0, "why"), undefined]
  ] as const)("decides what comes next: %s", (_, phase, relaunched) => {
    const decision = decide(situation({ bounds: bounds({ maxAttempts: 3 }) }), reported(phase))
    expect(decision.next._tag === "Relaunch" ? nextLaunch(decision.status) : undefined).toEqual(relaunched === undefined ? undefined : expect.objectContaining(relaunched))
  })
})

describe("failures of the system", () => {
  const lost = reported(Phase.retryableFailure(systemError))

  it("the same attempt is launched again under a new number", () => {
    const { status, decisions } = play(situation(), [lost, reported(Phase.queued(0, ""))])
    expect(decisions[0]).toMatchObject({ next: { _tag: "Relaunch", notBefore: epoch + 1000 }, status: { systemFailures: 1, systemFailureSince: "2026-01-01T00:00:00Z" } })
    expect(status).toMatchObject({ attempts: 1, launches: 1, systemFailures: 1 })
  })

  it("a relaunch does not refill the budget: count and time together end it", () => {
    const relaunches = Array.from({ length: 7 }, (_, index) => (index % 2 === 0 ? lost : reported(Phase.queued(0, ""))))
    const { decisions, status } = play(situation(), relaunches, 25_000)
    expect(decisions.map((it) => it.status.systemFailures)).toEqual([1, 1, 2, 2, 3, 3, 4])
    expect(condition(decisions[6]!.status, "Failed")).toMatchObject({ status: "True" })
    expect(decisions[6]).toMatchObject({ next: { _tag: "Conclude" }, status: { errorState: { code: "MaxSystemFailuresExceeded", kind: "SYSTEM" } } })
    expect(decisions[6]!.status.errorState?.message).toContain("[Killed] the node went away")
    expect(status.attempts).toBe(1)
  })

  it("many failures within the window are tolerated", () => {
    const { status } = play(situation(), Array.from({ length: 20 }, () => failed()), 1000)
    expect(status.systemFailures).toBe(20)
    expect(condition(status, "Failed")).toBeUndefined()
  })

  it("running for long enough forgets earlier failures, running briefly does not", () => {
    const running = reported(Phase.running(1, ""))
    const brief = play(situation(), [lost, running, lost], 1000)
    expect(brief.decisions[2]?.status.systemFailures).toBe(2)
    const long = play(situation(), [lost, running, lost], limits.systemFailureReset)
    expect(long.decisions[2]?.status.systemFailures).toBe(1)
    const watched = play(situation(), [lost, running, running], limits.systemFailureReset)
    expect(watched.status).toMatchObject({ systemFailures: 0 })
    expect(watched.status.systemFailureSince).toBeUndefined()
  })

  it("an attempt is launched a bounded number of times even when every launch makes progress", () => {
    const few = { ...limits, launchesMax: 2 }
    const { status } = play(situation({ limits: few }), [reported(Phase.running(1, "")), lost, reported(Phase.running(1, "")), lost], limits.systemFailureReset)
    expect(status.errorState).toMatchObject({ code: "MaxSystemFailuresExceeded" })
  })

  it.each([
    ["a retryable failure of the system", Phase.retryableFailure(systemError), true],
    ["a retryable failure of the task", Phase.retryableFailure(userError), false],
    ["a retryable failure of unknown kind", Phase.retryableFailure({ ...systemError, kind: "UNKNOWN" }), false],
    ["a permanent failure of the system", Phase.permanentFailure(systemError), false],
    ["no failure", Phase.running(1, ""), false]
  ] as const)("%s counts against the system: %s", (_, phase, counts) => {
    const { status } = decide(situation({ bounds: bounds({ maxAttempts: 2 }) }), reported(phase))
    expect(status.systemFailures ?? 0).toBe(counts ? 1 : 0)
  })

  it("the last error names the failure that was one too many, with code and message", () => {
    const strict = { ...limits, systemFailuresMax: 0, systemFailureWindow: 0 }
    const { status } = decide(situation({ limits: strict }), reported(Phase.retryableFailure(systemError)))
    expect(status.errorState?.message).toContain("[Killed] the node went away")
  })

  it("an error of the plugin is noted, waits ever longer and is no event", () => {
    const { decisions } = play(situation(), [failed(), failed(), failed()], 0)
    expect(decisions.map((it) => it.next)).toMatchObject([1000, 2000, 4000].map((delay) => ({ _tag: "Wait", notBefore: epoch + delay })))
    expect(decisions.flatMap((it) => it.reports)).toEqual([])
    expect(decisions[2]?.write).toBe("Later")
    expect(condition(decisions[2]!.status, "Progressing")).toMatchObject({ status: "True", reason: "Queued", message: "system failure 3, trying again: [StoreDown] no answer" })
  })

  it("the threshold can be configured and zero means three", () => {
    expect(limitsOf(makeConfig({ maxSystemFailures: 0 })).systemFailuresMax).toBe(3)
    expect(limitsOf(makeConfig({ maxSystemFailures: 7 })).systemFailuresMax).toBe(7)
  })

  it("one failure over the threshold is terminal once the window has passed", () => {
    const strict = { ...limits, systemFailuresMax: 2, systemFailureWindow: 0 }
    const decision = decide(situation({ limits: strict, status: { systemFailures: 2 } }), failed())
    expect(decision).toMatchObject({ write: "Now", next: { _tag: "Conclude" }, status: { systemFailures: 3, errorState: { code: "MaxSystemFailuresExceeded", kind: "SYSTEM" } } })
    expect(decision.status.errorState?.message).toContain("no answer")
  })

  it("an error that no retry can mend ends the action at once with its own code", () => {
    const decision = decide(situation(), failed({ code: "BadTaskSpecification", kind: "USER", retryable: false, description: "no container" }))
    expect(decision).toMatchObject({ next: { _tag: "Conclude" }, status: { attempts: 1, errorState: { code: "BadTaskSpecification", kind: "USER", message: "no container" } } })
    expect(decision.status.systemFailures).toBeUndefined()
  })
})

describe("errors as they are stored", () => {
  it.each([["USER", "USER"], ["SYSTEM", "SYSTEM"], ["UNKNOWN", ""]] as const)("of kind %s have kind %j", (kind, stored) => {
    const { status } = decide(situation(), reported(Phase.permanentFailure({ code: "Code", message: "words", kind })))
    expect(status.errorState).toEqual({ code: "Code", kind: stored, message: "words" })
  })

  it("are none without an error, and go when the next attempt reports", () => {
    expect(decide(situation(), reported(Phase.running(1, ""))).status).not.toHaveProperty("errorState")
    const failedStatus = decide(situation({ bounds: bounds({ maxAttempts: 2 }) }), reported(Phase.retryableFailure(userError))).status
    expect(failedStatus.errorState).toBeDefined()
    expect(decide(situation({ status: nextLaunch(failedStatus) }), reported(Phase.queued(0, ""))).status).not.toHaveProperty("errorState")
  })
})

describe("bounds of time", () => {
  it("a task that runs too long fails, and may be tried again", () => {
    const timed = situation({ bounds: bounds({ maxAttempts: 2, runningTimeout: 10_000 }) })
    const running = reported(Phase.running(1, ""))
    const { decisions } = play(timed, [running, running, running, running, running], 10_000)
    expect(decisions[0]?.next).toMatchObject({ until: epoch + 10_000 })
    expect(decisions[1]).toMatchObject({ next: { _tag: "Relaunch" }, status: { errorState: { code: "TimeoutExpired" } } })
    expect(decisions[2]?.status.attempts).toBe(2)
    expect(condition(decisions[3]!.status, "Failed")).toMatchObject({ reason: "TimedOut" })
    expect(decisions[3]?.reports).toMatchObject([{ phase: "TIMED_OUT" }])
  })

  it("a task that ends right at the bound has ended", () => {
    const timed = situation({ bounds: bounds({ runningTimeout: 10_000 }) })
    const { status } = play(timed, [reported(Phase.running(1, "")), reported(Phase.success())], 20_000)
    expect(condition(status, "Succeeded")?.status).toBe("True")
  })

  it("a task that waits too long fails, counted per launch", () => {
    const timed = situation({ bounds: bounds({ queuedTimeout: 10_000 }) })
    const { decisions } = play(timed, [reported(Phase.queued(0, "a")), reported(Phase.queued(0, "b"))], 10_000)
    expect(decisions[1]?.status.errorState?.code).toBe("QueuedTimeoutExpired")
    const moved = play(timed, [reported(Phase.queued(0, "a")), reported(Phase.initializing(0, "b"))], 10_000)
    expect(moved.status.errorState).toBeUndefined()
  })

  it("the deadline counts over all attempts and ends the action for good", () => {
    const timed = situation({ bounds: bounds({ maxAttempts: 9, deadline: 15_000 }) })
    const { decisions, status } = play(timed, [reported(Phase.retryableFailure(userError)), reported(Phase.running(1, "")), reported(Phase.running(1, ""))], 10_000)
    expect(decisions[1]?.next).toMatchObject({ until: epoch + 15_000 })
    expect(status).toMatchObject({ attempts: 2, errorState: { code: "DeadlineExceeded" } })
    expect(condition(status, "Failed")).toMatchObject({ reason: "TimedOut" })
  })

  it("the deadline also ends an action whose plugin only fails", () => {
    const timed = situation({ bounds: bounds({ deadline: 5_000 }), now: epoch + 5_000 })
    expect(decide(timed, failed()).status.errorState?.code).toBe("DeadlineExceeded")
  })
})

describe("bounds of size", () => {
  it("the history keeps its first lines and its last ones", () => {
    const outcomes = Array.from({ length: 200 }, (_, index) => reported(index % 2 === 0 ? Phase.queued(index, "") : Phase.running(index, "")))
    const { status } = play(situation(), outcomes)
    expect(status.phaseHistory).toHaveLength(historyMax)
    expect(status.phaseHistory?.map((it) => it.sequence).slice(0, 6)).toEqual([1, 2, 3, 4, 5, 156])
    expect(status.phaseHistory?.at(-1)?.sequence).toBe(200)
  })

  it("a history that somebody made too long is brought back to its bound", () => {
    const phaseHistory = Array.from({ length: 5000 }, (_, index) => ({ phase: "Queued", occurredAt: "2026-01-01T00:00:00.000Z", attempt: 1, sequence: index }))
    const { status } = decide(situation({ status: { phaseHistory } }), reported(Phase.running(1, "")))
    expect(status.phaseHistory).toHaveLength(historyMax)
    expect(status.phaseHistory?.slice(-2).map((it) => it.phase)).toEqual(["Queued", "Executing"])
  })

  it("messages are cut, without breaking a character", () => {
    const message = "𝒳".repeat(50_000)
    const { status } = decide(situation(), reported(Phase.permanentFailure({ ...userError, message })))
    for (const text of [...status.conditions!.map((it) => it.message), status.errorState!.message!, status.phaseHistory![0]!.message!]) {
      expect(text.length).toBeLessThanOrEqual(8192)
      expect(text.isWellFormed()).toBe(true)
      expect(text).toContain("100000 characters in all")
    }
  })
})

describe("actions that nobody can carry out", () => {
  it.each(["InvalidSpec", "PluginNotFound"] as const)("%s is terminal, told and explained", (reason) => {
    const decision = reject(situation(), reason, "spec.task: missing")
    expect(condition(decision.status, "Failed")).toMatchObject({ status: "True", reason, message: "spec.task: missing" })
    expect(condition(decision.status, "Progressing")).toMatchObject({ status: "False", reason })
    expect(decision.status.errorState).toEqual({ code: reason, kind: "USER", message: "spec.task: missing" })
    expect(decision.reports).toMatchObject([{ phase: "FAILED" }])
    expect(decision.status.phaseHistory).toMatchObject([{ phase: reason }])
  })
})

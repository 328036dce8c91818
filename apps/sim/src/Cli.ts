/** The commands of `fairlead-sim`. */
import { Console, Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { explore } from "./Explore.ts"
import { describeFaults, type FaultKind, faultKinds } from "./Faults.ts"
import { ExitCode, Machine } from "./Machine.ts"
import { exitCodeOf, replayCommand, toJson, toLines } from "./Report.ts"
import { faultsOf, simulate, type SimulateOptions } from "./Simulate.ts"

/** Version of the program, as `--version` prints it. */
export const version = "0.1.0"

const rate = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }, { message: "must be between 0 and 1" }))
const count = (minimum: number) => Schema.Int.check(Schema.isGreaterThanOrEqualTo(minimum, { message: `must be at least ${minimum}` }))

const isKind = (word: string): word is FaultKind => (faultKinds as ReadonlyArray<string>).includes(word)

/** `all`, `none`, or kinds with commas between them, in the order of the list. */
const FaultList = Schema.String.pipe(
  Schema.check(Schema.makeFilter((text: string) =>
    text === "all" || text === "none" || text.split(",").every(isKind) || `must be "all", "none", or some of ${faultKinds.join(", ")} with commas between them`))
)
const kindsOf = (text: string): ReadonlyArray<FaultKind> => (text === "all" ? faultKinds : faultKinds.filter((kind) => text.split(",").includes(kind)))

const workload = {
  tasks: Flag.Int("tasks").pipe(Flag.withDescription("Tasks to run"), Flag.withSchema(count(1)), Flag.withDefault(100)),
  transport: Flag.Literals("transport", ["in-process", "bytes"]).pipe(
    Flag.withDescription("How requests reach the API server: as objects, or as bytes through its HTTP face; the journal is the same"),
    Flag.withDefault("in-process")
  ),
  nodes: Flag.Int("nodes").pipe(Flag.withDescription("Nodes of the cluster"), Flag.withSchema(count(1)), Flag.withDefault(3)),
  rate: Flag.Finite("rate").pipe(
    Flag.withDescription("Tasks that arrive in a second of virtual time"),
    Flag.withSchema(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0.0001, { message: "must be at least 0.0001" }))),
    Flag.withDefault(100)
  ),
  failures: Flag.Finite("failures").pipe(Flag.withDescription("Chance of an attempt to fail, from 0 to 1"), Flag.withSchema(rate), Flag.withDefault(0.1)),
  longest: Flag.Int("longest").pipe(Flag.withDescription("Longest attempt in virtual seconds"), Flag.withSchema(count(1).check(Schema.isLessThanOrEqualTo(1_000_000, { message: "must be at most 1000000" }))), Flag.withDefault(60))
}

const faults = (standard: string) =>
  Flag.String("faults").pipe(
    Flag.withDescription(`What goes wrong while tasks arrive and run: all, none, or some of ${faultKinds.join(", ")}; how often is drawn from the seed`),
    Flag.withSchema(FaultList),
    Flag.withDefault(standard)
  )

interface WorkloadFlags {
  readonly tasks: number
  readonly transport: "in-process" | "bytes"
  readonly nodes: number
  readonly rate: number
  readonly failures: number
  readonly longest: number
  readonly faults: string
}

const optionsOf = (seed: number, flags: WorkloadFlags): SimulateOptions => ({
  seed,
  tasks: flags.tasks,
  transport: flags.transport,
  nodes: flags.nodes,
  arrivalRate: flags.rate,
  failureRate: flags.failures,
  durationMax: flags.longest * 1000,
  faults: kindsOf(flags.faults)
})

const broken = Effect.catch((error: { readonly message: string }) => Effect.andThen(Console.error(error.message), ExitCode.set(70)))

const run = Command.make("run", {
  seed: Flag.Int("seed").pipe(Flag.withDescription("The number that the run follows from; drawn at random if not given"), Flag.optional),
  ...workload,
  faults: faults("none"),
  output: Flag.Literals("output", ["text", "json"]).pipe(Flag.withDescription("How the report is printed"), Flag.withDefault("text"))
}, (flags) =>
  Effect.gen(function*() {
    const machine = yield* Machine
    const options = optionsOf(Option.getOrElse(flags.seed, machine.drawSeed), flags)
    // Printed before the first step, so that even a run that never ends can be repeated.
    if (flags.output === "text") {
      yield* Console.log(`seed ${options.seed}: ${replayCommand(options)}`)
      if (options.faults.length > 0) yield* Console.log(describeFaults(faultsOf(options)))
    }
    const used = machine.startMeasuring()
    const report = yield* simulate(options, machine.settle)
    yield* Console.log(flags.output === "json" ? toJson(report, used()) : toLines(report, used()).join("\n"))
    yield* ExitCode.set(exitCodeOf(report))
  }).pipe(broken)).pipe(
    Command.withDescription("Run the engine on scripted pods under virtual time and check its promises"),
    Command.withExamples([
      { command: "fairlead-sim run --seed 7 --tasks 1000", description: "The same seed gives the same journal, every time and everywhere" },
      { command: "fairlead-sim run --seed 7 --tasks 1000 --transport bytes", description: "The same journal over the HTTP face" },
      { command: "fairlead-sim run --seed 7 --faults calls,engine", description: "Calls fail and engines are killed; every promise must hold all the same" }
    ])
  )

const exploreCommand = Command.make("explore", {
  from: Flag.Int("from").pipe(Flag.withDescription("The first seed; drawn at random if not given"), Flag.optional),
  seeds: Flag.Int("seeds").pipe(Flag.withDescription("How many seeds to try, one after the other"), Flag.withSchema(count(1)), Flag.withDefault(20)),
  ...workload,
  faults: faults("all")
}, (flags) =>
  Effect.gen(function*() {
    const machine = yield* Machine
    const from = Option.getOrElse(flags.from, machine.drawSeed)
    const seeds = Array.from({ length: flags.seeds }, (_, index) => from + index)
    yield* ExitCode.set(yield* explore(seeds.map((seed) => optionsOf(seed, flags))))
  }).pipe(broken)).pipe(
    Command.withDescription("Run many seeds under faults, shrink what breaks a promise, and print how to replay it"),
    Command.withExamples([
      { command: "fairlead-sim explore --seeds 50", description: "Fifty worlds in which everything goes wrong" },
      { command: "fairlead-sim explore --from 1 --seeds 10 --faults files --tasks 500", description: "Ten worlds whose files fail" }
    ])
  )

/** The whole command line. */
export const cli = Command.make("fairlead-sim").pipe(
  Command.withDescription("Runs the engine under virtual time from a seed, checks its promises and prints how to replay"),
  Command.withSubcommands([run, exploreCommand])
)

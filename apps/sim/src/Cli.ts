/** The commands of `fairlead-sim`. */
import { Console, Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { ExitCode, Machine } from "./Machine.ts"
import { exitCodeOf, replayCommand, toJson, toLines } from "./Report.ts"
import { simulate, type SimulateOptions } from "./Simulate.ts"

/** Version of the program, as `--version` prints it. */
export const version = "0.1.0"

const rate = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }, { message: "must be between 0 and 1" }))
const count = (minimum: number) => Schema.Int.check(Schema.isGreaterThanOrEqualTo(minimum, { message: `must be at least ${minimum}` }))

const flags = {
  seed: Flag.Int("seed").pipe(Flag.withDescription("The number that the run follows from; drawn at random if not given"), Flag.optional),
  tasks: Flag.Int("tasks").pipe(Flag.withDescription("Tasks to run"), Flag.withSchema(count(1)), Flag.withDefault(100)),
  transport: Flag.Literals("transport", ["in-process", "bytes"]).pipe(
    Flag.withDescription("How requests reach the API server: as objects, or as bytes through its HTTP face; the journal is the same"),
    Flag.withDefault("in-process")
  ),
  nodes: Flag.Int("nodes").pipe(Flag.withDescription("Nodes of the cluster"), Flag.withSchema(count(1)), Flag.withDefault(3)),
  rate: Flag.Finite("rate").pipe(
    Flag.withDescription("Tasks that arrive in a second of virtual time"),
    Flag.withSchema(Schema.Finite.check(Schema.isGreaterThan(0, { message: "must be more than 0" }))),
    Flag.withDefault(100)
  ),
  failures: Flag.Finite("failures").pipe(Flag.withDescription("Chance of an attempt to fail, from 0 to 1"), Flag.withSchema(rate), Flag.withDefault(0.1)),
  longest: Flag.Int("longest").pipe(Flag.withDescription("Longest attempt in virtual seconds"), Flag.withSchema(count(1)), Flag.withDefault(60)),
  output: Flag.Literals("output", ["text", "json"]).pipe(Flag.withDescription("How the report is printed"), Flag.withDefault("text"))
}

const run = Command.make("run", flags, ({ failures, longest, nodes, output, rate, seed, tasks, transport }) =>
  Effect.gen(function*() {
    const machine = yield* Machine
    const options: SimulateOptions = {
      seed: Option.getOrElse(seed, machine.drawSeed),
      tasks,
      transport,
      nodes,
      arrivalRate: rate,
      failureRate: failures,
      durationMax: longest * 1000
    }
    // Printed before the first step, so that even a run that never ends can be repeated.
    if (output === "text") yield* Console.log(`seed ${options.seed}: ${replayCommand(options)}`)
    const used = machine.startMeasuring()
    const report = yield* simulate(options, machine.settle)
    yield* Console.log(output === "json" ? toJson(report, used()) : toLines(report, used()).join("\n"))
    yield* ExitCode.set(exitCodeOf(report))
  }).pipe(Effect.catch((error) => Effect.andThen(Console.error(error.message), ExitCode.set(70))))).pipe(
    Command.withDescription("Run the engine on scripted pods under virtual time and check its promises"),
    Command.withExamples([
      { command: "fairlead-sim run --seed 7 --tasks 1000", description: "The same seed gives the same journal, every time and everywhere" },
      { command: "fairlead-sim run --seed 7 --tasks 1000 --transport bytes", description: "The same journal over the HTTP face" }
    ])
  )

/** The whole command line. */
export const cli = Command.make("fairlead-sim").pipe(
  Command.withDescription("Runs the engine under virtual time from a seed, checks its promises and prints how to replay"),
  Command.withSubcommands([run])
)

import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Console, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { runCli } from "../src/Cli.ts"
import { ExitCode } from "../src/ExitCode.ts"
import { Machine } from "../src/Machine.ts"
import { Screen } from "../src/run/ProgressView.ts"

/** Carries out a command line that starts nothing. */
const carryOut = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  const written = { out: "", error: "" }
  const exit = { code: 0 }
  const write = (stream: "out" | "error") => (text: string): void => {
    written[stream] += text
  }
  const machine = Layer.succeed(Machine, {
    workingDirectory: "/",
    temporaryDirectory: "/",
    processors: 1,
    taskEnvironment: {},
  cacheDefault: undefined,
    writeOut: write("out"),
    stopRequested: Effect.never,
    temporaryFolders: new Set<string>()
  })
  const screen = Layer.succeed(Screen, { isTerminal: false, columns: () => 80, rows: () => 24, write: write("error") })
  const line = (stream: "out" | "error") => (...words: ReadonlyArray<unknown>): void => write(stream)(`${words.join(" ")}\n`)
  yield* runCli(args).pipe(
    Effect.provide(Layer.mergeAll(machine, screen, Layer.succeed(ExitCode, exit), NodeServices.layer)),
    Effect.provideService(Console.Console, { ...console, log: line("out"), error: line("error") })
  )
  return { ...written, code: exit.code }
})

/** Entries of a part of the help: what stands before and after the gap. */
const entries = (help: string, heading: string): ReadonlyArray<readonly [string, string]> => {
  const lines = help.split(`\n${heading}\n`)[1]?.split("\n\n")[0]?.trim().split("\n") ?? []
  return lines.map((line) => line.trim().split(/ {2,}/)).map(([name = "", description = ""]) => [name, description])
}

describe("help", () => {
  it.effect("fairlead --help names all commands", () =>
    Effect.gen(function*() {
      const { code, out } = yield* carryOut("--help")
      expect(code).toBe(0)
      expect(entries(out, "SUBCOMMANDS").map(([name]) => name)).toEqual(["run", "dev", "start", "cache", "config", "airflow", "copilot"])
      for (const [, description] of entries(out, "SUBCOMMANDS")) expect(description).toMatch(/^[A-Z].{20,}/)
    }))

  it.effect.each<[string, ReadonlyArray<string>]>([
    ["serve", ["--port", "--host", "--token-file", "--airflow-config", "--pod-template", "--worker", "--embedded", "--kubeconfig", "--context"]],
    ["simulate", ["--commands", "--parallelism", "--latency", "--run", "--failing"]]
  ])("fairlead airflow %s --help describes every flag and shows examples", ([command, flags]) =>
    Effect.gen(function*() {
      const { out } = yield* carryOut("airflow", command, "--help")
      expect(entries(out, "FLAGS").map(([name]) => name.split(" ")[0])).toEqual(flags)
      expect(out).toContain("EXAMPLES")
    }))

  it.effect("fairlead airflow simulate runs commands and says so; what makes no sense is refused", () =>
    Effect.gen(function*() {
      const refused = yield* carryOut("airflow", "simulate", "--commands", "0")
      expect([refused.code, refused.error]).toEqual([2, "--commands 0: give a number from 1 to 100000\n"])
      const { code, out } = yield* TestClock.withLive(carryOut("airflow", "simulate", "--commands", "20", "--latency", "1", "--run", "10"))
      expect([code, out]).toEqual([0, expect.stringContaining("18 succeeded, 2 failed as they were meant to")])
    }))

  it.effect("fairlead airflow serve is not open to others without a token", () =>
    Effect.gen(function*() {
      const { code, error } = yield* carryOut("airflow", "serve", "--embedded", "--host", "0.0.0.0")
      expect([code, error]).toEqual([2, expect.stringContaining("give it --token-file")])
    }))

  it.effect.each<[string, ReadonlyArray<string>]>([
    ["run", ["--parallel", "--output", "--keep", "--cache", "--no-cache", "--state", "--timeout"]],
    ["dev", ["--port", "--host", "--http", "--token", "--nodes", "--no-engine", "--cache", "--no-cache", "--kubeconfig"]],
    ["start", ["--config", "--kubeconfig", "--context"]],
    ["config", ["--config", "--output"]]
  ])("fairlead %s --help describes every flag and shows examples", ([command, flags]) =>
    Effect.gen(function*() {
      const { out } = yield* carryOut(command, "--help")
      const found = entries(out, "FLAGS")
      expect(found.map(([name]) => name.split(" ")[0])).toEqual(flags)
      for (const [, description] of found) expect(description).toMatch(/^[A-Z].{10,}/)
      expect(out).toContain("EXAMPLES")
    }))

  it.effect("fairlead copilot --help shows Flyte's arguments of both commands", () =>
    Effect.gen(function*() {
      // The program answers `copilot` before the command line is read; this is the entry for `fairlead copilot` alone.
      const { out } = yield* carryOut("copilot")
      for (const word of ["download", "--from-remote", "--input-interface", "sidecar", "--to-raw-output", "--from-local-dir", "--interface"]) expect(out).toContain(word)
    }))

  it.effect("fairlead alone shows the help, and --version the version", () =>
    Effect.gen(function*() {
      expect((yield* carryOut()).out).toContain("SUBCOMMANDS")
      expect((yield* carryOut("--version")).out).toMatch(/fairlead v\d+\.\d+\.\d+/)
    }))
})

describe("bad command lines end with 2, say what is wrong and where help is", () => {
  it.effect.each<[string, ReadonlyArray<string>, RegExp]>([
    ["no path", ["run"], /Missing required argument: path[\s\S]*fairlead run --help/],
    ["no tasks at once", ["run", "x", "--parallel", "0"], /--parallel: "0"\. Expected: a number from 1/],
    ["no number", ["run", "x", "--parallel", "many"], /--parallel: "many"/],
    ["no duration", ["run", "x", "--timeout", "soon"], /--timeout: "soon"\. Expected: a duration such as 90s, 5m or 1h30m/],
    ["no time at all", ["run", "x", "--timeout", "0s"], /--timeout: "0s"\. Expected: a duration such as 90s, 5m or 1h30m/],
    ["a time that is less than none", ["run", "x", "--timeout=-5s"], /--timeout: "-5s"\. Expected: a duration/],
    ["an age that every result has", ["cache", "evict", "--older-than=-12h"], /--older-than: "-12h"\. Expected: a duration such as 90s, 5m or 12h/],
    ["no folder for the run", ["run", "x", "--state", ""], /--state\. Expected: a folder/],
    ["no form of output", ["run", "x", "--output", "xml"], /--output: "xml"[\s\S]*table[\s\S]*json/],
    ["an unknown flag", ["run", "x", "--colour"], /Unrecognized flag: --colour/],
    ["an unknown command", ["rum"], /Unknown subcommand "rum"[\s\S]*run/],
    ["a port beyond all ports", ["dev", "--port", "70000"], /--port 70000: ports go from 0 to 65535/],
    ["too many nodes", ["dev", "--nodes", "5000"], /--nodes 5000: give a number from 0 to 1000/],
    ["tokens in the clear", ["dev", "--http", "--host", "0.0.0.0"], /--http sends tokens in the clear, so it serves loopback only; "0\.0\.0\.0" is not/]
  ])("%s", ([, args, expected]) =>
    Effect.gen(function*() {
      const { code, error, out } = yield* carryOut(...args)
      expect(error).toMatch(expected)
      expect(out).toBe("")
      expect(code).toBe(2)
    }))
})

import { describe, expect, it } from "@effect/vitest"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"
import type { Container, Pod, Volume } from "@fairlead/kube"
import { Deferred, Effect, Scope } from "effect"
import * as PodRuntimeProcess from "../src/PodRuntimeProcess.ts"
import { type ContainerEvent, type PodSandbox, type PodSources, StartFailed, type VolumeContent } from "../src/PodRuntime.ts"

const root = mkdtempSync(join(tmpdir(), "fairlead-process-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const env = { PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` }
let count = 0
const podOf = (volumes: ReadonlyArray<Volume> = []): Pod => ({
  metadata: { name: "p", namespace: "ns", uid: `u-${++count}` },
  spec: { containers: [], volumes }
})
const container = (command: ReadonlyArray<string>, more: Partial<Container> = {}): Container => ({ name: "main", image: "any", command: [...command], ...more })
const shell = (text: string, more: Partial<Container> = {}): Container => container(["sh", "-c", text], more)

const sourcesOf = (volumes: { readonly [name: string]: VolumeContent } = {}): PodSources => ({
  command: (it) =>
    Effect.succeed({
      command: it.command ?? [],
      args: it.args ?? [],
      env: new Map((it.env ?? []).map((variable) => [variable.name, variable.value ?? ""]))
    }),
  volume: (it) => Effect.succeed(volumes[it.name] ?? { _tag: "Empty" })
})

type Options = Partial<PodRuntimeProcess.PodRuntimeProcessOptions>
type Exited = ContainerEvent & { readonly _tag: "Exited" }

const open = (
  pod: Pod = podOf(),
  sources: PodSources = sourcesOf(),
  options: Options = {}
): Effect.Effect<PodSandbox, StartFailed, Scope.Scope> =>
  Effect.flatMap(PodRuntimeProcess.make({ root, workingDirectory: root, env, ...options }), (runtime) =>
    Effect.acquireRelease(runtime.open(pod, sources), (it) => it.close))

const start = Effect.fnUntraced(function*(sandbox: PodSandbox, it: Container, run = 0) {
  const exited = yield* Deferred.make<Exited>()
  const started = yield* Deferred.make<void>()
  yield* sandbox.start(it, run, (event) => {
    if (event._tag === "Started") Deferred.doneUnsafe(started, Effect.void)
    if (event._tag === "Exited") Deferred.doneUnsafe(exited, Effect.succeed(event))
  })
  return { started: Deferred.await(started), exited: Deferred.await(exited) }
})

/** Runs one container to its end; answers how it ended and what it printed. */
const run = Effect.fnUntraced(function*(it: Container, pod: Pod = podOf(), sources: PodSources = sourcesOf(), options: Options = {}) {
  const sandbox = yield* open(pod, sources, options)
  const { exited } = yield* start(sandbox, it)
  const exit = yield* exited
  return { exit, log: (yield* sandbox.logs({ container: it.name })) ?? "" }
})

const until = (holds: () => boolean, what: string): Effect.Effect<void> => untilEffect(Effect.sync(holds), what)

const untilEffect = (holds: Effect.Effect<boolean>, what: string): Effect.Effect<void> =>
  Effect.gen(function*() {
    for (let i = 0; i < 400; i++) {
      if (yield* holds) return
      yield* Effect.sleep(10)
    }
    return yield* Effect.die(`still waiting for ${what}`)
  })

const ready = (sandbox: PodSandbox): Effect.Effect<void> =>
  untilEffect(Effect.map(sandbox.logs({ container: "main" }), (log) => log === "ready\n"), "the container to be ready")

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

describe("a process", () => {
  it.live("prints to its log and ends with its exit code", () =>
    Effect.gen(function*() {
      const { exit, log } = yield* run(shell("echo out; echo err >&2; exit 3"))
      expect(exit).toEqual({ _tag: "Exited", exitCode: 3 })
      expect(log).toBe("out\nerr\n")
    }))

  it.live("gets its arguments as they are, without a shell in between", () =>
    Effect.gen(function*() {
      const nasty = ["$(touch hacked)", "`id`", "a b", "'", "\"", "; exit 9", "", "*", "\\n"]
      const { log } = yield* run(container(["node", "-e", "console.log(JSON.stringify(process.argv.slice(1)))", "--"], { args: nasty }))
      expect(JSON.parse(log)).toEqual(nasty)
    }))

  it.live("gets only the environment of the runtime and its own", () =>
    Effect.gen(function*() {
      const it = container(["node", "-e", "console.log(JSON.stringify(process.env))"], { env: [{ name: "A.B", value: "x=y" }, { name: "HOME", value: "/h" }] })
      const seen = JSON.parse((yield* run(it)).log) as Record<string, string>
      expect(seen).toMatchObject({ "A.B": "x=y", HOME: "/h", HOSTNAME: "p", PATH: env.PATH })
      expect(seen).not.toHaveProperty("VITEST")
    }))

  it.live("runs in the folder of the runtime, in one of its own, or in one of the machine", () =>
    Effect.gen(function*() {
      expect((yield* run(container(["pwd"]))).log).toBe(`${root}\n`)
      expect((yield* run(container(["pwd"], { workingDir: "a/b" }))).log).toMatch(/ns_p_u-\d+\/work\/a\/b\n$/)
      expect((yield* run(container(["pwd"], { workingDir: "/usr" }))).log).toBe("/usr\n")
    }))

  it.live("that dies of a signal ends with 128 + n", () =>
    Effect.gen(function*() {
      expect((yield* run(shell("kill -SEGV $$"))).exit.exitCode).toBe(139)
    }))

  it.live("ends, and with it everything it has left behind in its group", () =>
    Effect.gen(function*() {
      const { log } = yield* run(shell("sleep 1000 & echo $!"))
      yield* until(() => !isAlive(Number(log)), "the background process to be gone")
    }))
})

describe("a command that cannot be run", () => {
  it.live.each<[string, Container, string]>([
    ["is not on the path", container(["no-such-command"]), 'exec: "no-such-command": executable file not found in $PATH'],
    ["is no file", container(["/no/such/file"]), 'exec: "/no/such/file": stat /no/such/file: no such file or directory'],
    ["is not executable", container(["/etc/passwd"]), 'exec: "/etc/passwd": permission denied'],
    ["is too long", container(["echo", "x".repeat(3_000_000)]), "exec echo: argument list too long"],
    ["has no folder", container(["true"], { workingDir: "/no/such" }), 'chdir to cwd ("/no/such") set in config.json failed: no such file or directory']
  ])("because it %s exits with 128 and says so", ([, it, words]) =>
    Effect.gen(function*() {
      const { exit } = yield* run(it)
      expect(exit).toMatchObject({ exitCode: 128, reason: "StartError", neverStarted: true })
      expect(exit.message).toMatch(/^failed to create containerd task: /)
      expect(exit.message).toContain(words)
    }))

  it.live("because there is none is an error of the container's creation", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run(container([])))
      expect(error).toMatchObject({ reason: "CreateContainerError", description: expect.stringContaining("no command specified") })
    }))
})

describe("a disk that cannot be written", () => {
  const blocked = (name: string): { readonly pod: Pod; readonly folder: string } => {
    const pod = podOf()
    const folder = join(root, "pods", `ns_p_${pod.metadata.uid}`)
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), "in the way")
    return { pod, folder }
  }

  it.live("keeps a pod from being opened", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(open(blocked("").pod))
      expect(failure).toMatchObject({ _tag: "StartFailed", reason: "FailedMount" })
    }))

  it.live("keeps a container from starting", () =>
    Effect.gen(function*() {
      const sandbox = yield* open(blocked("termination").pod)
      const failure = yield* Effect.flip(start(sandbox, shell("true")))
      expect(failure).toMatchObject({ _tag: "StartFailed", reason: "CreateContainerError" })
    }))

  it.live("takes the log, not the program, from a container within this process", () =>
    Effect.gen(function*() {
      const program = ({ log }: { readonly log: (text: string) => void }) =>
        Effect.sync(() => {
          rmSync(join(root, "pods"), { recursive: true })
          log("lost")
          return 0
        })
      const { exit, log } = yield* run(container([]), podOf(), sourcesOf(), { images: { any: { inside: program, entrypoint: ["x"] } } })
      expect(exit.exitCode).toBe(0)
      expect(log).toBe("")
    }))
})

describe("images", () => {
  const images = {
    tool: { entrypoint: ["echo", "entry"], arguments: ["usual"] },
    "copilot:v1": { programs: { "/bin/copilot": ["echo", "instead"] } }
  }
  it.live.each<[Partial<Container>, string]>([
    [{ image: "tool:v2" }, "entry usual"],
    [{ image: "tool", args: ["x"] }, "entry x"],
    [{ image: "tool", command: ["echo", "own"] }, "own"],
    [{ image: "copilot:v1", command: ["/bin/copilot", "--flag"], args: ["download"] }, "instead --flag download"],
    [{ image: "other", args: ["echo", "all"] }, "all"]
  ])("%j prints %s", ([more, printed]) =>
    Effect.gen(function*() {
      const { log } = yield* run({ name: "main", ...more }, podOf(), sourcesOf(), { images })
      expect(log).toBe(`${printed}\n`)
    }))
})

describe("volumes", () => {
  const mount = (name: string, mountPath: string, more = {}) => ({ name, mountPath, ...more })

  it.live("replace their mount paths in command, arguments, environment and working folder", () =>
    Effect.gen(function*() {
      const pod = podOf([{ name: "in-put", emptyDir: {} }])
      const it = shell("echo hi > /var/fake/in/x; cat \"$FILE\"; pwd; echo $FAIRLEAD_MOUNT_IN_PUT /var/fake/inside", {
        volumeMounts: [mount("in-put", "/var/fake/in")],
        env: [{ name: "FILE", value: "/var/fake/in/x" }],
        workingDir: "/var/fake/in"
      })
      const { log } = yield* run(it, pod)
      const folder = join(root, "pods", `ns_p_${pod.metadata.uid}`, "volumes", "in-put")
      expect(log).toBe(`hi\n${folder}\n${folder} /var/fake/inside\n`)
    }))

  it.live("are shared by the containers of a pod and go with it", () =>
    Effect.gen(function*() {
      const pod = podOf([{ name: "v", emptyDir: {} }])
      const folder = join(root, "pods", `ns_p_${pod.metadata.uid}`)
      yield* Effect.scoped(Effect.gen(function*() {
        const sandbox = yield* open(pod)
        const one = yield* start(sandbox, shell("echo shared > /v/x", { name: "one", volumeMounts: [mount("v", "/v")] }))
        yield* one.exited
        const two = yield* start(sandbox, shell("cat /other/x", { name: "two", volumeMounts: [mount("v", "/other")] }))
        yield* two.exited
        expect(yield* sandbox.logs({ container: "two" })).toBe("shared\n")
        expect(existsSync(folder)).toBe(true)
      }))
      expect(existsSync(folder)).toBe(false)
    }))

  it.live("hold the files of config maps with their modes, and never lead out of their folder", () =>
    Effect.gen(function*() {
      const files = [
        { path: "a/b.txt", content: new TextEncoder().encode("text"), mode: 0o600 },
        { path: "run.sh", content: new TextEncoder().encode("#!/bin/sh\necho ran"), mode: 0o755 }
      ]
      const sources = sourcesOf({ v: { _tag: "Files", files } })
      const { log } = yield* run(shell("cat /c/a/b.txt; /c/run.sh; stat -c %a /c/a/b.txt /c/run.sh", { volumeMounts: [mount("v", "/c")] }), podOf([{ name: "v" }]), sources)
      expect(log).toBe("textran\n600\n755\n")
      const evil = sourcesOf({ v: { _tag: "Files", files: [{ path: "../../evil", content: new Uint8Array(), mode: 0o644 }] } })
      const error = yield* Effect.flip(run(shell("true"), podOf([{ name: "v" }]), evil))
      expect(error.reason).toBe("FailedMount")
      expect(readdirSync(root)).not.toContain("evil")
    }))

  it.live("of the host are what they are, and a sub path is a part of a volume", () =>
    Effect.gen(function*() {
      writeFileSync(join(root, "host.txt"), "from the host")
      const sources = sourcesOf({ h: { _tag: "Host", path: root, create: false } })
      const it = shell("cat /mnt/host.txt; cat /one", { volumeMounts: [mount("h", "/mnt"), mount("h", "/one", { subPath: "host.txt" })] })
      expect((yield* run(it, podOf([{ name: "h" }]), sources)).log).toBe("from the hostfrom the host")
    }))

  it.live("of the host are made with the folders above them, and refused where none can be made (regression)", () =>
    Effect.gen(function*() {
      const at = (path: string) => run(shell("true", { volumeMounts: [mount("h", "/mnt")] }), podOf([{ name: "h" }]), sourcesOf({ h: { _tag: "Host", path, create: true } }))
      yield* at(join(root, "host/below"))
      yield* at(join(root, "host/below"))
      expect(existsSync(join(root, "host/below"))).toBe(true)
      if (existsSync("/proc/self")) expect(yield* Effect.flip(at("/proc/nothing/of/this"))).toMatchObject({ reason: "FailedMount", description: expect.stringContaining("ENOENT") as string })
    }))

  it.live("of a claim outlive the pod", () =>
    Effect.gen(function*() {
      const sources = sourcesOf({ c: { _tag: "Claim", name: "ns/data" } })
      yield* run(shell("echo kept > /d/x", { volumeMounts: [mount("c", "/d")] }), podOf([{ name: "c" }]), sources)
      expect((yield* run(shell("cat /d/x", { volumeMounts: [mount("c", "/d")] }), podOf([{ name: "c" }]), sources)).log).toBe("kept\n")
    }))
})

describe("termination messages", () => {
  it.live("come from the file, or from the end of the log where that is asked for", () =>
    Effect.gen(function*() {
      expect((yield* run(shell("echo -n why > /dev/termination-log; exit 1"))).exit.message).toBe("why")
      expect((yield* run(shell("echo one; echo two; exit 1", { terminationMessagePolicy: "FallbackToLogsOnError" }))).exit.message).toBe("one\ntwo\n")
      expect((yield* run(shell("echo one; exit 0", { terminationMessagePolicy: "FallbackToLogsOnError" }))).exit.message).toBeUndefined()
      expect((yield* run(shell("echo -n own > /my/log", { terminationMessagePath: "/my/log" }))).exit.message).toBe("own")
    }))
})

describe("stop", () => {
  it.live("sends SIGTERM to the whole group and lets it end in its own way", () =>
    Effect.gen(function*() {
      const sandbox = yield* open()
      const { exited } = yield* start(sandbox, shell("trap 'echo bye; exit 7' TERM; sleep 1000 & echo ready; wait"))
      yield* ready(sandbox)
      yield* sandbox.stop("main", 30)
      expect((yield* exited).exitCode).toBe(7)
      expect(yield* sandbox.logs({ container: "main" })).toBe("ready\nbye\n")
    }))

  it.live("kills after the grace period", () =>
    Effect.gen(function*() {
      const sandbox = yield* open()
      const { exited } = yield* start(sandbox, shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"))
      yield* ready(sandbox)
      yield* sandbox.stop("main", 60)
      yield* sandbox.stop("main", 0.05)
      expect((yield* exited).exitCode).toBe(137)
    }))

  it.live("is kept by whatever signal the container names", () =>
    Effect.gen(function*() {
      const sandbox = yield* open()
      const lifecycle = { stopSignal: "SIGUSR1" } as Container["lifecycle"] & object
      const { exited } = yield* start(sandbox, shell("trap 'exit 5' USR1; sleep 1000 & echo ready; wait", { lifecycle }))
      yield* ready(sandbox)
      yield* sandbox.stop("main", 30)
      expect((yield* exited).exitCode).toBe(5)
    }))
})

describe("logs", () => {
  it.live("are kept for each run and can be cut from the end", () =>
    Effect.gen(function*() {
      const sandbox = yield* open()
      yield* (yield* start(sandbox, shell("seq 1 50000"), 0)).exited
      expect(yield* sandbox.logs({ container: "main", tailLines: 2 })).toBe("49999\n50000\n")
      expect((yield* sandbox.logs({ container: "main", tailLines: 40_000 }))?.split("\n").length).toBe(40_001)
      yield* (yield* start(sandbox, shell("echo second"), 1)).exited
      expect(yield* sandbox.logs({ container: "main" })).toBe("second\n")
      expect(yield* sandbox.logs({ container: "main", previous: true, tailLines: 1 })).toBe("50000\n")
      expect(yield* sandbox.logs({ container: "other" })).toBeUndefined()
    }))
})

describe("an image within this process", () => {
  const images = (program: NonNullable<PodRuntimeProcess.ProcessImage["inside"]>) => ({ images: { any: { inside: program } } })

  it.live("gets words and environment of this machine, and writes to the log", () =>
    Effect.gen(function*() {
      const pod = podOf([{ name: "v", emptyDir: {} }])
      const { exit, log } = yield* run(
        container(["tool", "--in=/v/x"], { env: [{ name: "OUT", value: "/v/y" }], volumeMounts: [{ name: "v", mountPath: "/v" }] }),
        pod,
        sourcesOf(),
        images(({ env: seen, log: write, words }) => Effect.sync(() => (write(`${words.join(" ")} ${seen["OUT"]}\n`), 4)))
      )
      const folder = join(root, "pods", `ns_p_${pod.metadata.uid}`, "volumes", "v")
      expect(exit).toEqual({ _tag: "Exited", exitCode: 4 })
      expect(log).toBe(`tool --in=${folder}/x ${folder}/y\n`)
    }))

  it.live("is told to stop, and interrupted when it does not", () =>
    Effect.gen(function*() {
      const stopping = yield* open(podOf(), sourcesOf(), images(({ stopping: stopped }) => Effect.as(stopped, 0)))
      const first = yield* start(stopping, container(["x"]))
      yield* stopping.stop("main", 30)
      expect((yield* first.exited).exitCode).toBe(0)
      const stubborn = yield* open(podOf(), sourcesOf(), images(() => Effect.never))
      const second = yield* start(stubborn, container(["x"]))
      yield* stubborn.stop("main", 0.01)
      expect((yield* second.exited).exitCode).toBe(137)
    }))

  it.live("ends with 1 and tells its log when it dies", () =>
    Effect.gen(function*() {
      const { exit, log } = yield* run(container(["x"]), podOf(), sourcesOf(), images(() => Effect.die("broken")))
      expect(exit.exitCode).toBe(1)
      expect(log).toContain("broken")
    }))
})

describe("following a log", () => {
  it.live("gives whole characters from a position on", () =>
    Effect.gen(function*() {
      const sandbox = yield* open()
      const { exited } = yield* start(sandbox, shell("printf 'a\\303'; sleep 0.2; printf '\\251b'"))
      yield* untilEffect(Effect.sync(() => sandbox.logFrom("main", 0, 0).text === "a"), "the first byte")
      expect(sandbox.logFrom("main", 0, 0)).toEqual({ text: "a", position: 1 })
      yield* exited
      expect(sandbox.logFrom("main", 0, 1)).toEqual({ text: "éb", position: 4 })
      expect(sandbox.logFrom("main", 0, 4)).toEqual({ text: "", position: 4 })
      expect(sandbox.logFrom("main", 7, 0)).toEqual({ text: "", position: 0 })
    }))
})

describe("a parent", () => {
  const parent = fileURLToPath(new URL("./fixtures/parent.ts", import.meta.url))
  const begin = (): { child: ChildProcess; pids: Effect.Effect<ReadonlyArray<number>> } => {
    const folder = mkdtempSync(join(root, "parent-"))
    const child = spawn(process.execPath, [parent, folder], { env: { ...env }, stdio: ["ignore", "pipe", "inherit"] })
    let text = ""
    child.stdout!.on("data", (chunk: Buffer) => (text += chunk.toString()))
    return { child, pids: Effect.as(until(() => text.includes("\n"), "the parent's processes"), undefined).pipe(Effect.map(() => text.trim().split(" ").map(Number))) }
  }

  it.live("that is killed leaves no process behind: no child, no grandchild, none with a session of its own", () =>
    Effect.gen(function*() {
      const { child, pids } = begin()
      const all = yield* pids
      expect(all.length).toBe(4)
      expect(all.every(isAlive)).toBe(true)
      child.kill("SIGKILL")
      yield* until(() => !all.some(isAlive), `${all.join(", ")} to be gone`)
    }))

  it.live("whose guard is killed gets another one", () =>
    Effect.gen(function*() {
      const { child, pids } = begin()
      const all = yield* pids
      const guard = readdirSync("/proc").filter((it) => /^\d+$/.test(it)).map(Number).find((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`fairlead-guard\0${child.pid}.`)
        } catch {
          return false
        }
      })
      process.kill(guard!, "SIGKILL")
      yield* Effect.sleep(200)
      expect(all.every(isAlive)).toBe(true)
      child.kill("SIGKILL")
      yield* until(() => !all.some(isAlive), `${all.join(", ")} to be gone`)
    }))
})

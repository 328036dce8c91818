/** Sees to it that no process outlives this one, not even when this one is killed. */
import { type ChildProcess, spawn } from "node:child_process"

/** Environment variable by which the guard knows processes that have left their group. */
const guardVariable = "FAIRLEAD_GUARD"

/**
 * What the guard runs. It learns of process groups through its standard input and waits; when that ends, because it was closed
 * or because the other side died, it kills the groups, and then whatever else carries the mark in its environment.
 */
const script = `
trap '' HUP INT QUIT TERM PIPE
groups=
while read -r sign group; do
  case $sign in
    +) groups="$groups $group" ;;
    -) left=
       for it in $groups; do [ "$it" = "$group" ] || left="$left $it"; done
       groups=$left ;;
  esac
done
for it in $groups; do kill -KILL "-$it" 2>/dev/null; done
for round in 1 2 3; do
  if [ -r /proc/self/environ ]; then
    found=$(grep -l -s -F "${guardVariable}=$1" /proc/[0-9]*/environ)
  else
    found=$(ps -axwwE -o pid=,command= 2>/dev/null | grep -F "${guardVariable}=$1")
  fi
  [ -n "$found" ] || exit 0
  printf '%s\\n' "$found" | while read -r line; do
    line=\${line#/proc/}
    kill -KILL "\${line%%[!0-9]*}" 2>/dev/null
  done
done
`

/** A small shell in a session of its own that outlives this process by a moment. */
export class ProcessGuard {
  readonly #mark: string
  readonly #groups = new Set<number>()
  #shell: ChildProcess
  #isClosed = false

  /** `mark` tells this guard's processes from those of all others on the machine. */
  constructor(mark: string) {
    this.#mark = mark
    this.#shell = this.#start()
  }

  /** What a container's environment must hold. */
  get environment(): { readonly [name: string]: string } {
    return { [guardVariable]: this.#mark }
  }

  add(group: number): void {
    this.#groups.add(group)
    this.#shell.stdin?.write(`+ ${group}\n`)
  }

  remove(group: number): void {
    if (this.#groups.delete(group)) this.#shell.stdin?.write(`- ${group}\n`)
  }

  /** Lets the guard end: it kills what is left. */
  close(): void {
    this.#isClosed = true
    this.#shell.stdin?.end()
  }

  #start(): ChildProcess {
    const shell = spawn("/bin/sh", ["-c", script, "fairlead-guard", this.#mark], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" }
    })
    shell.unref()
    const stdin = shell.stdin as unknown as { unref?: () => void; on: (event: "error", listener: () => void) => void }
    stdin.unref?.()
    // Writing to a guard that was killed fails; its end is noticed below.
    stdin.on("error", () => {})
    shell.once("exit", () => {
      if (this.#isClosed) return
      this.#shell = this.#start()
      for (const group of this.#groups) this.#shell.stdin?.write(`+ ${group}\n`)
    })
    shell.on("error", () => {})
    return shell
  }
}

import { describe, expect, it } from "vitest"
import { advice, oneLine, readable } from "../../src/run/FailureText.ts"

const ended = (name: string, code: number, reason: string, said: string) => `\r\n[${name}] terminated with exit code (${code}). Reason [${reason}]. Message: \n${said}.`

describe("readable", () => {
  it.each<[string, string, ReadonlyArray<string>]>([
    ["a plain message", "no more room", ["no more room"]],
    ["nothing", "\r\n", []],
    ["an exit code and the end of the log", ended("main", 3, "Error", "reading\nno such file\n"), ["container main ended with exit code 3:", "reading", "no such file"]],
    ["a container that said nothing", ended("main", 1, "Error", ""), ["container main ended with exit code 1"]],
    ["a reason that says more than Error", ended("main", 137, "OOMKilled", ""), ["container main ended with exit code 137 (OOMKilled)"]],
    ["a text that ends with dots of its own", ended("main", 1, "Error", "wait..."), ["container main ended with exit code 1:", "wait..."]],
    ["the last of several attempts", `${ended("main", 1, "Error", "no\n")} (attempt 3 of 3)`, ["attempt 3 of 3: container main ended with exit code 1:", "no"]],
    ["several containers", `${ended("main", 1, "Error", "a\n")}${ended("side", 2, "Error", "b\n")}`, [
      "container main ended with exit code 1:",
      "a",
      "container side ended with exit code 2:",
      "b"
    ]],
    ["a list of faults", 'spec.inputUri: is missing; give one; spec.task.args["0"]: bad; spec.a[1].b: c', ["spec.inputUri: is missing; give one", 'spec.task.args["0"]: bad', "spec.a[1].b: c"]],
    ["a program that cannot be started", ended("main", 128, "StartError", 'failed to create containerd task: runc create failed: error during container init: exec: "x": not found'), [
      "container main ended with exit code 128 (StartError):",
      'exec: "x": not found',
      "(failed to create containerd task: runc create failed: error during container init)"
    ]],
    ["words that only look alike", "[main] terminated early", ["[main] terminated early"]]
  ])("%s", (_, message, expected) => {
    expect(readable(message)).toEqual(expected)
  })
})

describe("oneLine", () => {
  it("keeps what belongs together together", () => {
    expect(oneLine(["it ended:", "a", " b "])).toBe("it ended: a; b")
    expect(oneLine([])).toBe("")
  })
})

describe("advice", () => {
  it("is given where a local process differs from a container", () => {
    expect(advice("StartError")).toContain("must be on this machine")
    expect(advice("Error")).toBeUndefined()
  })
})

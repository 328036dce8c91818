import { expect, it } from "vitest"
import { readPrimary } from "../src/PodPhasePrimary.ts"
import { containerStatus, running, terminated, waiting } from "./support/fixtures.ts"

it.each([
  ["waiting", waiting("x"), "Running", undefined, undefined],
  ["running", running(), "Running", undefined, undefined],
  ["ended with 0", terminated(0), "Success", undefined, undefined],
  ["ended with 1", terminated(1, "foo"), "RetryableFailure", "foo", "USER"],
  ["ended with 143", terminated(143, "Error"), "RetryableFailure", "Error", "USER"],
  ["ended with 137", terminated(137, "foo"), "RetryableFailure", "foo", "SYSTEM"],
  ["ended with 247", terminated(247, "foo"), "RetryableFailure", "foo", "SYSTEM"],
  ["out of memory with 0", terminated(0, "OOMKilled"), "RetryableFailure", "OOMKilled", "USER"],
  ["out of memory with 137", terminated(137, "OOMKilled"), "RetryableFailure", "OOMKilled", "USER"]
] as const)("a primary container %s", (_name, state, phase, code, kind) => {
  const reading = readPrimary("main", [containerStatus("secondary", running()), containerStatus("main", state)], {})
  expect([reading.phase, reading.error?.code, reading.error?.kind]).toEqual([phase, code, kind])
})

it("tells how it ended", () => {
  const reading = readPrimary("main", [containerStatus("main", terminated(2, "foo", { message: "foo failed" }))], {})
  expect(reading.error?.message).toBe("\r\n[main] terminated with exit code (2). Reason [foo]. Message: \nfoo failed.")
})

it("fails for good when there is no primary container", () => {
  expect(readPrimary("main", [containerStatus("secondary", running())], {})).toMatchObject({
    phase: "PermanentFailure",
    error: { code: "PrimaryContainerNotFound", message: "Primary container [main] not found in pod's container statuses" }
  })
})

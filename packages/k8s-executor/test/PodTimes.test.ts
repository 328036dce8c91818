import { expect, it } from "vitest"
import { completionTime } from "../src/PodTimes.ts"
import { at, containerStatus, epoch, pod, terminated } from "./support/fixtures.ts"

const later = { terminated: { exitCode: 0, finishedAt: at(9) } }

it.each([
  ["the end of its container", { containerStatuses: [containerStatus("main", terminated(0))] }, {}, 5],
  ["the latest end of several", { containerStatuses: [containerStatus("a", terminated(0)), containerStatus("b", later)] }, {}, 9],
  ["the end of an init container", { initContainerStatuses: [containerStatus("a", later)] }, {}, 9],
  ["the end before the last restart", { containerStatuses: [containerStatus("a", {}, { lastState: later })] }, {}, 9],
  ["its deletion", { startTime: at(2) }, { deletionTimestamp: at(7) }, 7],
  ["its start", { startTime: at(2) }, {}, 2],
  ["its creation", {}, {}, 0]
])("a pod completed at %s", (_name, status, metadata, seconds) => {
  expect(completionTime(pod(status, { metadata }))).toBe(epoch + 1000 * seconds)
})

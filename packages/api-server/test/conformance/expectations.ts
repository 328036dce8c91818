/** Which cases are not expected to pass: some by themselves, some only without the controllers of a cluster. */
import { readFileSync, writeFileSync } from "node:fs"

const failing = new URL("expectedFailures.txt", import.meta.url)
const clusterOnly = new URL("needsCluster.txt", import.meta.url)

const read = (file: URL): ReadonlyArray<string> => readFileSync(file, "utf8").split("\n").filter((line) => line !== "")

const write = (file: URL, ids: ReadonlyArray<string>): void => writeFileSync(file, ids.map((id) => `${id}\n`).join(""))

/** Whether there are controllers around the server. */
export type Setting = "alone" | "cluster"

/** Cases that fail in a setting. */
export const expectedFailures = (setting: Setting): ReadonlySet<string> => new Set(setting === "alone" ? [...read(failing), ...read(clusterOnly)] : read(failing))

/** Notes what fails now in a setting. */
export const noteFailures = (setting: Setting, ids: ReadonlyArray<string>): void => {
  const [before, needing] = [read(failing), read(clusterOnly)]
  const failed = new Set(ids)
  if (setting === "alone") {
    write(failing, ids.filter((id) => !needing.includes(id)))
    write(clusterOnly, needing.filter((id) => failed.has(id)))
  } else {
    write(failing, ids)
    write(clusterOnly, [...new Set([...before, ...needing])].filter((id) => !failed.has(id)).sort())
  }
}

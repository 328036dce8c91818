import { Idl } from "@fairlead/core"
import { describe, expect, it } from "vitest"
import { makePodLogs } from "../src/PodLogs.ts"
import type { LogLink } from "../src/PodPluginConfig.ts"
import { containerStatus, metadata, phaseContext, pod, running, template } from "./support/fixtures.ts"

const link = (uri: string, own: Partial<LogLink> = {}): LogLink =>
  ({ name: "Logs", uri, linkType: "external", messageFormat: "json", showWhilePending: false, hideOnceFinished: false, ...own })
const status = { phase: "Running", containerStatuses: [containerStatus("main", running(), { containerID: "containerd://abc" })] }
const uris = (uri: string, subject: Parameters<ReturnType<typeof makePodLogs>>[2] = phaseContext()) =>
  makePodLogs({ logLinks: [link(uri)], dynamicLogLinks: {} })(pod(status), "main", subject).map((it) => it.uri)

describe("links", () => {
  it.each([
    ["{{ .podName }}/{{.namespace}}/{{ .podUID }}", "run1-a0-0/flyte/pod-uid"],
    ["{{ .containerName }}/{{ .containerId }}", "main/abc"],
    ["{{ .podRFC3339StartTime }}..{{ .podRFC3339FinishTime }}", "2026-03-01T12:00:00Z..2026-03-01T12:01:00Z"],
    ["{{ .podUnixStartTime }}-{{ .podUnixFinishTime }}", "1772366400-1772366460"],
    ["{{ .taskID }}@{{ .taskVersion }} {{ .taskProject }}/{{ .taskDomain }}", "greet@v1 p/d"],
    ["{{ .runName }}/{{ .actionName }}/{{ .taskRetryAttempt }} {{ .executionName }} {{ .executionProject }} {{ .executionDomain }}", "run1/a0/0 run1 p d"],
    ["{{ .generatedName }} {{ .nodeID }}", "run1-a0-0 run1-a0-0"],
    ["{{ $PODNAME }}", "run1-a0-0"],
    ["{{ .unknown }}/{{ .hostname }}", "{{ .unknown }}/{{ .hostname }}"],
    ["$1 {{", "$1 {{"]
  ])("%s → %s", (uri, expected) => {
    expect(uris(uri)).toEqual([expected])
  })

  it("are made only once the container has a status", () => {
    const logs = makePodLogs({ logLinks: [link("x")], dynamicLogLinks: {} })
    expect(logs(pod({ phase: "Pending" }), undefined, phaseContext())).toEqual([])
  })

  it("of the task come first, as dashboards, then the configured ones", () => {
    const own = template({ metadata: { logLinks: [{ name: "Mine {{ .podName }}", uri: "https://mine" }] } })
    const logs = makePodLogs({ logLinks: [link("https://ours", { hideOnceFinished: true, showWhilePending: true, messageFormat: "csv" })], dynamicLogLinks: {} })
    expect(logs(pod(status), "main", phaseContext({ template: own }))).toMatchObject([
      { name: "Mine run1-a0-0", uri: "https://mine", linkType: Idl.TaskLog_LinkType.DASHBOARD, messageFormat: Idl.TaskLog_MessageFormat.UNKNOWN },
      { name: "Logs", uri: "https://ours", linkType: Idl.TaskLog_LinkType.EXTERNAL, messageFormat: Idl.TaskLog_MessageFormat.CSV, HideOnceFinished: true, ShowWhilePending: true, ready: true }
    ])
  })

  it("are about the primary container, not just the first", () => {
    const two = pod({ containerStatuses: [containerStatus("side", running()), containerStatus("main", running())] }, { spec: { containers: [{ name: "side" }, { name: "main" }] } })
    const logs = makePodLogs({ logLinks: [link("{{ .containerName }}")], dynamicLogLinks: {} })
    expect(logs(two, "main", phaseContext())[0]?.uri).toBe("main")
    expect(logs(two, undefined, phaseContext())[0]?.uri).toBe("side")
  })
})

describe("dynamic links", () => {
  const logs = makePodLogs({ logLinks: [], dynamicLogLinks: { wandb: link("https://wandb/{{ .taskConfig.host }}"), comet: link("https://comet"), vscode: link("https://code") } })
  const linksOf = (config: Record<string, string>, env: ReadonlyArray<{ readonly name: string; readonly value: string }> = []) =>
    logs(pod(status, { spec: { containers: [{ name: "main", env }] } }), "main", phaseContext({ template: template({ config }) }))

  it("are those that the task asks for, each once", () => {
    expect(linksOf({ link_type: "wandb,comet,wandb,nonsense", host: "h" }).map((it) => it.uri)).toEqual(["https://comet", "https://wandb/h"])
    expect(linksOf({})).toEqual([])
  })

  it("contain the editor's when it is switched on", () => {
    expect(linksOf({}, [{ name: "_F_E_VS", value: "1" }])).toMatchObject([{ uri: "https://code", linkType: Idl.TaskLog_LinkType.IDE }])
  })

  it("leave what the task's config does not have", () => {
    expect(linksOf({ link_type: "wandb" })[0]?.uri).toBe("https://wandb/{{ .taskConfig.host }}")
  })
})

it("costs nothing where no links are configured", () => {
  const logs = makePodLogs({ logLinks: [], dynamicLogLinks: {} })
  expect(logs(pod(status), "main", { metadata: metadata(), template: template(), now: 0 })).toEqual([])
})

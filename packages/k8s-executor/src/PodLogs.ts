/** Links from a task to the logs of its pod, made from templates. */
import { Idl, type TaskExecutionMetadata } from "@fairlead/core"
import { KubeTime, type Pod } from "@fairlead/kube"
import { wantsEditor } from "./PodDevelopmentServer.ts"
import type { LogLink, PodPluginConfig } from "./PodPluginConfig.ts"

/** Piece of a template: fixed text, or a variable with the text that stands for it when it has no value. */
type Piece = string | { readonly variable: string; readonly text: string }

interface CompiledLink {
  readonly link: LogLink
  readonly uri: ReadonlyArray<Piece>
  readonly name: ReadonlyArray<Piece>
}

/** Cuts a template into pieces once, so that filling it in is only joining. */
const compile = (template: string): ReadonlyArray<Piece> =>
  template.split(/(\{\{\s*[.$](?:taskConfig[.$])?[A-Za-z0-9_]+\s*\}\})/i).filter((it) => it !== "").map((text): Piece => {
    const variable = /^\{\{\s*[.$]((?:taskConfig[.$])?[A-Za-z0-9_]+)\s*\}\}$/i.exec(text)?.[1]
    if (variable === undefined) return text
    const setting = /^taskConfig[.$](.*)$/i.exec(variable)?.[1]
    return { variable: setting === undefined ? variable.toLowerCase() : `taskconfig.${setting}`, text }
  })

const compileLink = (link: LogLink): CompiledLink => ({ link, uri: compile(link.uri), name: compile(link.name) })

type Values = (variable: string) => string

/** A variable without a value stays as it is written, so that one sees what is missing. */
const fill = (pieces: ReadonlyArray<Piece>, values: Values): string =>
  pieces.reduce((text: string, piece) => text + (typeof piece === "string" ? piece : values(piece.variable) || piece.text), "")

const linkTypes = { external: Idl.TaskLog_LinkType.EXTERNAL, dashboard: Idl.TaskLog_LinkType.DASHBOARD, ide: Idl.TaskLog_LinkType.IDE } as const
const messageFormats = { unknown: Idl.TaskLog_MessageFormat.UNKNOWN, csv: Idl.TaskLog_MessageFormat.CSV, json: Idl.TaskLog_MessageFormat.JSON } as const

const toLog = ({ link, name, uri }: CompiledLink, values: Values): Idl.TaskLog => ({
  $typeName: "flyteidl2.core.TaskLog",
  uri: fill(uri, values),
  name: fill(name, values),
  messageFormat: messageFormats[link.messageFormat],
  ShowWhilePending: link.showWhilePending,
  HideOnceFinished: link.hideOnceFinished,
  linkType: linkTypes[link.linkType],
  ready: true,
  iconUri: ""
})

/** What links are made from, besides the pod. */
export interface LogSubject {
  readonly metadata: TaskExecutionMetadata
  readonly template: Idl.TaskTemplate
  readonly now: number
}

/** Makes the links of a pod. */
export type PodLogs = (pod: Pod, containerName: string | undefined, subject: LogSubject) => ReadonlyArray<Idl.TaskLog>

const editorLink = "vscode"

/** Names of the dynamic links that a task asks for. */
const dynamicNames = (template: Idl.TaskTemplate, editor: boolean): ReadonlyArray<string> => {
  const asked = template.config["link_type"]
  const names = asked === undefined || asked === "" ? [] : asked.split(",")
  return [...new Set(editor ? [...names, editorLink] : names)].sort()
}

/** Prepares the configured links once for all tasks. Pods without container statuses have no links yet. */
export const makePodLogs = (config: Pick<PodPluginConfig, "logLinks" | "dynamicLogLinks">): PodLogs => {
  const fixed = config.logLinks.map(compileLink)
  const dynamic = new Map(Object.entries(config.dynamicLogLinks).map(([name, link]) => [
    name,
    compileLink(name === editorLink ? { ...link, linkType: "ide" } : link)
  ]))
  return (pod, containerName, subject) => {
    const own = subject.template.metadata?.logLinks ?? []
    if (fixed.length === 0 && dynamic.size === 0 && own.length === 0) return []
    const index = Math.max(0, pod.spec?.containers.findIndex((it) => it.name === containerName) ?? 0)
    const container = pod.spec?.containers[index]
    const status = pod.status?.containerStatuses?.find((it) => it.name === container?.name)
    if (container === undefined || status === undefined) return []
    const values = valuesOf(pod, container.name, status.containerID ?? "", subject)
    const chosen = dynamicNames(subject.template, wantsEditor(container.env)).flatMap((name) => dynamic.get(name) ?? [])
    return [...own.map(fromTask), ...fixed, ...chosen].map((it) => toLog(it, values))
  }
}

const fromTask = (log: Idl.TaskLog): CompiledLink => compileLink({
  name: log.name,
  uri: log.uri,
  linkType: "dashboard",
  messageFormat: log.messageFormat === messageFormats.csv ? "csv" : log.messageFormat === messageFormats.json ? "json" : "unknown",
  showWhilePending: log.ShowWhilePending,
  hideOnceFinished: log.HideOnceFinished
})

const valuesOf = (pod: Pod, containerName: string, containerId: string, { metadata, now, template }: LogSubject): Values => {
  const { generatedName, id, uniqueNodeId } = metadata.taskExecutionId
  const run = id.nodeExecutionId?.executionId
  const start = Date.parse(pod.metadata.creationTimestamp ?? "") || 0
  return (variable) => {
    switch (variable) {
      case "podname": return pod.metadata.name ?? ""
      case "poduid": return pod.metadata.uid ?? ""
      case "namespace": return pod.metadata.namespace ?? ""
      case "containername": return containerName
      // Log stores know containers without the prefix of their runtime.
      case "containerid": return containerId.replace(/^[a-z0-9+.-]+:\/\//, "")
      case "hostname": return pod.spec?.hostname ?? ""
      case "podrfc3339starttime": return KubeTime.format(start)
      case "podrfc3339finishtime": return KubeTime.format(now)
      case "podunixstarttime": return String(Math.floor(start / 1000))
      case "podunixfinishtime": return String(Math.floor(now / 1000))
      case "nodeid": return uniqueNodeId
      case "generatedname": return generatedName
      case "taskretryattempt": return String(id.retryAttempt)
      case "taskid": return id.taskId?.name ?? ""
      case "taskversion": return id.taskId?.version ?? ""
      case "taskorg": return id.taskId?.org ?? ""
      case "taskproject": return id.taskId?.project ?? ""
      case "taskdomain": return id.taskId?.domain ?? ""
      case "executionname":
      case "runname": return run?.name ?? ""
      case "actionname": return id.nodeExecutionId?.nodeId ?? ""
      case "executionproject": return run?.project ?? ""
      case "executiondomain": return run?.domain ?? ""
      case "executionorg": return run?.org ?? ""
      default: return variable.startsWith("taskconfig.") ? settingOf(template, variable.slice("taskconfig.".length)) : ""
    }
  }
}

const settingOf = (template: Idl.TaskTemplate, name: string): string => (Object.hasOwn(template.config, name) ? template.config[name]! : "")

/** What a kubelet may write into the status of a pod. */
import { qualifiedNameErrors, subdomainErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, type Check } from "./Check.ts"
import { ipErrors, ipFamilyOf } from "./Formats.ts"

const systemConditions = new Set(["PodScheduled", "Ready", "Initialized"])

const checkConditions = (check: Check, conditions: ReadonlyArray<Fields>, old: ReadonlyArray<Fields>): void => {
  for (let i = 0; i < conditions.length; i++) {
    const condition = conditions[i]!
    // What is stored was checked before it came there.
    if (condition === old[i]) continue
    const type = text(condition, "type")
    if (count(condition, "observedGeneration") < 0) {
      check.invalid(`status.conditions[${i}].observedGeneration`, condition["observedGeneration"], "must be a non-negative integer")
    }
    const errors = systemConditions.has(type) ? [] : qualifiedNameErrors(type)
    if (errors.length > 0) check.texts(`status.conditions[${i}].Type`, type, errors)
  }
}

const matchingRule = (container: Fields, exitCode: number): Fields | undefined =>
  items(container["restartPolicyRules"]).find((rule) => {
    const codes = part(rule, "exitCodes")
    const listed = ((codes?.["values"] ?? []) as ReadonlyArray<number>).includes(exitCode)
    return codes !== undefined && (codes["operator"] === "In" ? listed : !listed)
  })

const restartsAfter = (policy: string, exitCode: number): boolean => policy !== "Never" && (policy !== "OnFailure" || exitCode !== 0)

const mayRestart = (container: Fields | undefined, spec: Fields, exitCode: number): boolean => {
  if (container === undefined) return false
  const own = text(container, "restartPolicy")
  if (own === "") return restartsAfter(text(spec, "restartPolicy"), exitCode)
  return matchingRule(container, exitCode) !== undefined || restartsAfter(own, exitCode)
}

const restartsAll = (spec: Fields): boolean => asksForAll(items(spec["initContainers"])) || asksForAll(items(spec["containers"]))

const asksForAll = (containers: ReadonlyArray<Fields>): boolean =>
  containers.some((one) => one["restartPolicyRules"] !== undefined && items(one["restartPolicyRules"]).some((rule) => rule["action"] === "RestartAllContainers"))

/** A container that has ended stays so, unless it may be started again. */
const checkTransitions = (check: Check, field: string, now: ReadonlyArray<Fields>, old: ReadonlyArray<Fields>, mayRun: (name: string, exitCode: number) => boolean): void => {
  if (now === old) return
  for (let i = 0; i < old.length; i++) {
    const ended = part(part(old[i], "state"), "terminated")
    if (ended === undefined) continue
    const name = text(old[i], "name")
    const next = now.find((one) => text(one, "name") === name)
    if (next === undefined || part(part(next, "state"), "terminated") !== undefined) continue
    if (!mayRun(name, count(ended, "exitCode"))) check.forbidden(`${field}[${i}].state`, "may not be transitioned to non-terminated state")
  }
}

const checkIps = (check: Check, list: "podIPs" | "hostIPs", form: string, status: Fields, before: Fields): void => {
  if (status[list] === before[list]) return
  const old = addresses(before, list)
  const ips = addresses(status, list)
  ips.forEach((ip, i) => {
    if (!old.includes(ip)) check.texts(`status.${list}[${i}]`, ip, ipErrors(ip))
  })
  if (ips.length < 2) return
  const families = new Set(ips.map(ipFamilyOf))
  if (families.size === 2 && ips.length === 2) return
  check.invalid(`status.${list}`, items(status[list]).map((ip) => internalForm(form, ip)), "may specify no more than one IP for each IP family")
}

const addresses = (status: Fields, list: string): ReadonlyArray<string> => items(status[list]).map((one) => text(one, "ip"))

const never = (): boolean => false

/** A write of the status subresource. */
export const checkPodStatus = (check: Check, pod: Fields, old: Fields): void => {
  const status = part(pod, "status") ?? {}
  const before = part(old, "status") ?? {}
  const spec = part(old, "spec") ?? {}
  checkConditions(check, items(status["conditions"]), items(before["conditions"]))
  const nominated = text(status, "nominatedNodeName")
  if (nominated !== "" && nominated !== text(before, "nominatedNodeName")) {
    check.texts("status.nominatedNodeName", nominated, subdomainErrors(nominated))
    if (text(spec, "nodeName") !== "") check.forbidden("status.nominatedNodeName", "may not be set on pods that are already bound to a node")
  }
  if (count(status, "observedGeneration") < 0) check.invalid("status.observedGeneration", status["observedGeneration"], "must be a non-negative integer")
  check.immutable("status.qosClass", status["qosClass"] ?? "", before["qosClass"] ?? "")
  const mayRunOf = (containers: string) => (name: string, exitCode: number): boolean =>
    restartsAll(spec) || mayRestart(items(spec[containers]).find((one) => text(one, "name") === name), spec, exitCode)
  checkTransitions(check, "status.containerStatuses", items(status["containerStatuses"]), items(before["containerStatuses"]), mayRunOf("containers"))
  checkTransitions(check, "status.initContainerStatuses", items(status["initContainerStatuses"]), items(before["initContainerStatuses"]), mayRunOf("initContainers"))
  checkTransitions(check, "status.ephemeralContainerStatuses", items(status["ephemeralContainerStatuses"]), items(before["ephemeralContainerStatuses"]), never)
  checkIps(check, "podIPs", "core.PodIP", status, before)
  const [first] = items(status["hostIPs"])
  if (first !== undefined && text(status, "hostIP") !== text(first, "ip")) check.invalid("status.hostIPs[0].ip", text(first, "ip"), "must be equal to `hostIP`")
  checkIps(check, "hostIPs", "core.HostIP", status, before)
}

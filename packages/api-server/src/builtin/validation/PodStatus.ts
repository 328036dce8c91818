/** What a kubelet may write into the status of a pod. */
import { qualifiedNameErrors, subdomainErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, type Check } from "./Check.ts"
import { ipErrors, ipFamilyOf } from "./Formats.ts"

const systemConditions = new Set(["PodScheduled", "Ready", "Initialized"])

const checkConditions = (check: Check, conditions: ReadonlyArray<Fields>, old: ReadonlyArray<Fields>): void => {
  conditions.forEach((condition, i) => {
    // What is stored was checked before it came there.
    if (condition === old[i]) return
    const type = text(condition, "type")
    if (count(condition, "observedGeneration") < 0) {
      check.invalid(`status.conditions[${i}].observedGeneration`, condition["observedGeneration"], "must be a non-negative integer")
    }
    if (!systemConditions.has(type)) check.texts(`status.conditions[${i}].Type`, type, qualifiedNameErrors(type))
  })
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
  old.forEach((status, i) => {
    const ended = part(part(status, "state"), "terminated")
    const name = text(status, "name")
    const next = now.find((one) => text(one, "name") === name)
    if (ended === undefined || next === undefined || part(part(next, "state"), "terminated") !== undefined) return
    if (!mayRun(name, count(ended, "exitCode"))) check.forbidden(`${field}[${i}].state`, "may not be transitioned to non-terminated state")
  })
}

const checkIps = (check: Check, field: string, ips: ReadonlyArray<string>, old: ReadonlyArray<string>, shown: () => unknown): void => {
  ips.forEach((ip, i) => {
    if (!old.includes(ip)) check.texts(`${field}[${i}]`, ip, ipErrors(ip))
  })
  if (ips.length < 2) return
  const families = new Set(ips.map(ipFamilyOf))
  if (families.size !== 2 || ips.length > 2) check.invalid(field, shown(), "may specify no more than one IP for each IP family")
}

const addresses = (status: Fields, list: string): ReadonlyArray<string> => items(status[list]).map((one) => text(one, "ip"))

/** A write of the status subresource. */
export const checkPodStatus = (check: Check, pod: Fields, old: Fields): void => {
  const [status, before, spec] = [part(pod, "status") ?? {}, part(old, "status") ?? {}, part(old, "spec") ?? {}]
  checkConditions(check, items(status["conditions"]), items(before["conditions"]))
  const nominated = text(status, "nominatedNodeName")
  if (nominated !== "" && nominated !== text(before, "nominatedNodeName")) {
    check.texts("status.nominatedNodeName", nominated, subdomainErrors(nominated))
    if (text(spec, "nodeName") !== "") check.forbidden("status.nominatedNodeName", "may not be set on pods that are already bound to a node")
  }
  if (count(status, "observedGeneration") < 0) check.invalid("status.observedGeneration", status["observedGeneration"], "must be a non-negative integer")
  check.immutable("status.qosClass", status["qosClass"] ?? "", before["qosClass"] ?? "")
  if (!restartsAll(spec)) {
    for (const [list, containers] of [["containerStatuses", "containers"], ["initContainerStatuses", "initContainers"]] as const) {
      const all = items(spec[containers])
      const mayRun = (name: string, exitCode: number): boolean => mayRestart(all.find((one) => text(one, "name") === name), spec, exitCode)
      checkTransitions(check, `status.${list}`, items(status[list]), items(before[list]), mayRun)
    }
  }
  checkTransitions(check, "status.ephemeralContainerStatuses", items(status["ephemeralContainerStatuses"]), items(before["ephemeralContainerStatuses"]), () => false)
  checkIps(check, "status.podIPs", addresses(status, "podIPs"), addresses(before, "podIPs"), () => items(status["podIPs"]).map((ip) => internalForm("core.PodIP", ip)))
  const hostIps = addresses(status, "hostIPs")
  if (hostIps.length > 0 && text(status, "hostIP") !== hostIps[0]) check.invalid("status.hostIPs[0].ip", hostIps[0], "must be equal to `hostIP`")
  checkIps(check, "status.hostIPs", hostIps, addresses(before, "hostIPs"), () => items(status["hostIPs"]).map((ip) => internalForm("core.HostIP", ip)))
}

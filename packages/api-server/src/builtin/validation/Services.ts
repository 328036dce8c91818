/** Services. */
import { subdomainErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { checkEndpointIp, portProtocols } from "./Addresses.ts"
import { count, items, part, specOf, text, texts, type Check } from "./Check.ts"
import { cidrErrors, ipErrors, ipFamilyOf, portErrors } from "./Formats.ts"
import { checkPort } from "./Probes.ts"
import { checkClusterIps, checkClusterIpUpdate, isHeadless } from "./ServiceIps.ts"

const onlyBalanced = "may only be used when `type` is 'LoadBalancer'"
const rangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges"

const checkType = (check: Check, spec: Fields): void => {
  const type = text(spec, "type")
  const ports = items(spec["ports"])
  if (ports.length === 0 && !isHeadless(spec) && type !== "ExternalName") check.required("spec.ports")
  if ((type === "LoadBalancer" || type === "NodePort") && isHeadless(spec)) {
    check.invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`)
  }
  if (type !== "ExternalName") return
  const no = "may not be set for ExternalName services"
  if (texts(spec["clusterIPs"]).length > 0) check.forbidden("spec.clusterIPs", no)
  if (texts(spec["ipFamilies"]).length > 0) check.forbidden("spec.ipFamilies", no)
  if (spec["ipFamilyPolicy"] !== undefined) check.forbidden("spec.ipFamilyPolicy", no)
  const name = text(spec, "externalName").replace(/\.$/, "")
  if (name === "") check.required("spec.externalName")
  else check.subdomain("spec.externalName", name)
}

const checkServicePorts = (check: Check, ports: ReadonlyArray<Fields>): void => {
  const names = new Set<string>()
  ports.forEach((port, i) => {
    const at = `spec.ports[${i}]`
    const name = text(port, "name")
    if (name === "") {
      if (ports.length > 1) check.required(`${at}.name`)
    } else {
      check.dnsLabel(`${at}.name`, name)
      if (names.has(name)) check.duplicate(`${at}.name`, name)
      names.add(name)
    }
    check.texts(`${at}.port`, count(port, "port"), portErrors(count(port, "port")))
    check.oneOfRequired(`${at}.protocol`, port["protocol"], portProtocols)
    checkPort(check, `${at}.targetPort`, port["targetPort"])
    if (typeof port["appProtocol"] === "string") check.qualifiedName(`${at}.appProtocol`, port["appProtocol"])
  })
}

const checkAffinity = (check: Check, spec: Fields): void => {
  const affinity = text(spec, "sessionAffinity")
  check.oneOfRequired("spec.sessionAffinity", affinity, ["ClientIP", "None"])
  const config = part(spec, "sessionAffinityConfig")
  const field = "spec.sessionAffinityConfig"
  if (affinity === "None" && config !== undefined) check.forbidden(field, "must not be set when session affinity is None")
  if (affinity !== "ClientIP") return
  const why = "when session affinity type is ClientIP"
  const client = part(config, "clientIP")
  const seconds = client?.["timeoutSeconds"]
  if (config === undefined) check.required(field, why)
  else if (client === undefined) check.required(`${field}.clientIP`, why)
  else if (typeof seconds !== "number") check.required(`${field}.clientIP.timeoutSeconds`, why)
  else if (seconds <= 0 || seconds > 86400) check.invalid(`${field}.clientIP.timeoutSeconds`, seconds, "must be greater than 0 and less than 86400")
}

const checkPortUses = (check: Check, type: string, ports: ReadonlyArray<Fields>): void => {
  if (type === "ClusterIP") {
    ports.forEach((port, i) => {
      if (count(port, "nodePort") !== 0) check.forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'")
    })
  }
  const seen = new Set<string>()
  ports.forEach((port, i) => {
    const key = `${text(port, "protocol")} node ${count(port, "nodePort")}`
    if (count(port, "nodePort") === 0) return
    if (seen.has(key)) check.duplicate(`spec.ports[${i}].nodePort`, port["nodePort"])
    seen.add(key)
  })
  ports.forEach((port, i) => {
    const { protocol, port: number } = port
    const key = `${text(port, "protocol")} ${count(port, "port")}`
    if (seen.has(key)) check.duplicate(`spec.ports[${i}]`, internalForm("core.ServicePort", { protocol, port: number }))
    seen.add(key)
  })
}

const checkSourceRanges = (check: Check, service: Fields, old: Fields | undefined): void => {
  const spec = specOf(service)
  const ranges = texts(spec["loadBalancerSourceRanges"])
  const balanced = text(spec, "type") === "LoadBalancer"
  if (ranges.length > 0) {
    const field = "spec.LoadBalancerSourceRanges"
    const kept = new Set(texts(specOf(old ?? {})["loadBalancerSourceRanges"]).map((range) => range.trim()))
    if (!balanced) check.forbidden(field, onlyBalanced)
    ranges.map((range) => range.trim()).forEach((range, i) => kept.has(range) || check.texts(`${field}[${i}]`, range, cidrErrors(range)))
    return
  }
  const annotated = annotationsOf(service)[rangesAnnotation]
  if (typeof annotated !== "string") return
  const field = `metadata.annotations[${rangesAnnotation}]`
  if (!balanced) check.forbidden(field, onlyBalanced)
  if (old !== undefined && annotationsOf(old)[rangesAnnotation] === annotated) return
  if (annotated.trim() !== "") for (const range of annotated.trim().split(",")) check.texts(field, range.trim(), cidrErrors(range.trim()))
}

const annotationsOf = (service: Fields): Fields => part(part(service, "metadata"), "annotations") ?? {}

const checkBalancerClass = (check: Check, spec: Fields): void => {
  const name = spec["loadBalancerClass"]
  if (typeof name !== "string") return
  if (text(spec, "type") === "LoadBalancer") check.qualifiedName("spec.loadBalancerClass", name)
  else check.forbidden("spec.loadBalancerClass", onlyBalanced)
}

const needsHealthCheck = (spec: Fields): boolean => text(spec, "type") === "LoadBalancer" && text(spec, "externalTrafficPolicy") === "Local"

const checkTraffic = (check: Check, spec: Fields): void => {
  const type = text(spec, "type")
  const accessible = type === "LoadBalancer" || type === "NodePort" || (type === "ClusterIP" && texts(spec["externalIPs"]).length > 0)
  const policy = text(spec, "externalTrafficPolicy")
  if (accessible) check.oneOfRequired("spec.externalTrafficPolicy", policy, ["Cluster", "Local"])
  else if (policy !== "") check.invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services")
  const healthPort = count(spec, "healthCheckNodePort")
  const field = "spec.healthCheckNodePort"
  if (!needsHealthCheck(spec)) {
    if (healthPort !== 0) check.invalid(field, healthPort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")
  } else if (healthPort === 0) check.required(field)
  else check.texts(field, healthPort, portErrors(healthPort))
  const internal = spec["internalTrafficPolicy"]
  if (internal === undefined) {
    if (type === "NodePort" || type === "LoadBalancer" || type === "ClusterIP") check.required("spec.internalTrafficPolicy")
  } else check.oneOf("spec.internalTrafficPolicy", internal, ["Cluster", "Local"])
  const distribution = spec["trafficDistribution"]
  if (distribution !== undefined) check.oneOf("spec.trafficDistribution", distribution, ["PreferClose", "PreferSameZone", "PreferSameNode"])
}

/** A service, new or changed. */
export const checkService = (check: Check, service: Fields, old?: Fields): void => {
  const annotations = annotationsOf(service)
  const [mode, hints] = ["service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"] as const
  if (annotations[mode] !== undefined && annotations[hints] !== undefined && annotations[mode] !== annotations[hints]) {
    check.invalid(`metadata.annotations[${mode}]`, annotations[mode], `must match annotations[${hints}] when both are specified`)
  }
  const spec = specOf(service)
  const ports = items(spec["ports"])
  const type = text(spec, "type")
  checkType(check, spec)
  checkServicePorts(check, ports)
  check.labels("spec.selector", spec["selector"])
  checkAffinity(check, spec)
  checkClusterIps(check, spec, specOf(old ?? {}))
  const keptIps = texts(specOf(old ?? {})["externalIPs"])
  texts(spec["externalIPs"]).forEach((ip, i) => {
    const errors = keptIps.includes(ip) ? [] : ipErrors(ip)
    if (errors.length > 0) check.texts(`spec.externalIPs[${i}]`, ip, errors)
    else checkEndpointIp(check, `spec.externalIPs[${i}]`, ip)
  })
  check.oneOfRequired("spec.type", type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])
  checkPortUses(check, type, ports)
  checkSourceRanges(check, service, old)
  const allocates = spec["allocateLoadBalancerNodePorts"]
  if (allocates !== undefined && type !== "LoadBalancer") check.forbidden("spec.allocateLoadBalancerNodePorts", onlyBalanced)
  if (allocates === undefined && type === "LoadBalancer") check.required("allocateLoadBalancerNodePorts")
  checkBalancerClass(check, spec)
  checkTraffic(check, spec)
}

/** An update of a service. */
export const checkServiceUpdate = (check: Check, service: Fields, old: Fields): void => {
  const [spec, before] = [specOf(service), specOf(old)]
  checkClusterIpUpdate(check, spec, before)
  if (text(spec, "type") === "LoadBalancer" && text(before, "type") === "LoadBalancer" && spec["loadBalancerClass"] !== before["loadBalancerClass"]) {
    check.invalid("spec.loadBalancerClass", spec["loadBalancerClass"], "may not change once set")
  }
  checkBalancerClass(check, spec)
  if (needsHealthCheck(spec) && needsHealthCheck(before) && count(spec, "healthCheckNodePort") !== count(before, "healthCheckNodePort")) {
    check.forbidden("spec.healthCheckNodePort", "field is immutable")
  }
  checkService(check, service, old)
}

/** The addresses that a load balancer reports. */
export const checkBalancerStatus = (check: Check, service: Fields, old: Fields): void => {
  const ingressOf = (one: Fields): ReadonlyArray<Fields> => items(part(part(one, "status"), "loadBalancer")?.["ingress"])
  const ingress = ingressOf(service)
  const field = "status.loadBalancer.ingress"
  if (text(specOf(service), "type") !== "LoadBalancer" && ingress.length > 0) {
    return check.forbidden(field, "may only be used when `spec.type` is 'LoadBalancer'")
  }
  const kept = new Set(ingressOf(old).map((one) => text(one, "ip")))
  ingress.forEach((one, i) => {
    const [at, ip, mode, hostname] = [`${field}[${i}]`, text(one, "ip"), one["ipMode"], text(one, "hostname")]
    if (ip !== "" && !kept.has(ip)) check.texts(`${at}.ip`, ip, ipErrors(ip))
    if (mode === undefined) {
      if (ip !== "") check.required(`${at}.ipMode`, "must be specified when `ip` is set")
    } else if (ip === "") check.forbidden(`${at}.ipMode`, "may not be specified when `ip` is not set")
    else check.oneOf(`${at}.ipMode`, mode, ["Proxy", "VIP"])
    if (hostname === "") return
    check.texts(`${at}.hostname`, hostname, subdomainErrors(hostname))
    if (ipFamilyOf(hostname) !== undefined) check.invalid(`${at}.hostname`, hostname, "must be a DNS name, not an IP address")
  })
}

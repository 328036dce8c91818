/** Ways into the cluster. */
import { dnsLabelErrors, pathSegmentErrors, subdomainErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, specOf, text, texts, type Check } from "./Check.ts"
import { checkDomainPath, ipErrors, ipFamilyOf, portErrors, portNameErrors, wildcardDomainErrors } from "./Formats.ts"

const hostErrors = (host: string): ReadonlyArray<string> => (host.includes("*") ? wildcardDomainErrors(host) : subdomainErrors(host))

const checkReference = (check: Check, field: string, reference: Fields): void => {
  if (typeof reference["apiGroup"] === "string") check.subdomain(`${field}.apiGroup`, reference["apiGroup"])
  for (const name of ["kind", "name"]) {
    const value = text(reference, name)
    if (value === "") check.required(`${field}.${name}`)
    else check.texts(`${field}.${name}`, value, pathSegmentErrors(value))
  }
}

const checkBackend = (check: Check, field: string, backend: Fields): void => {
  const [resource, service] = [part(backend, "resource"), part(backend, "service")]
  if (resource !== undefined && service !== undefined) return check.invalid(field, "", "cannot set both resource and service backends")
  if (resource !== undefined) return checkReference(check, `${field}.resource`, resource)
  if (service === undefined) return check.invalid(field, "", "resource or service backend is required")
  const name = text(service, "name")
  if (name === "") check.required(`${field}.service.name`)
  else check.texts(`${field}.service.name`, name, dnsLabelErrors(name))
  const port = part(service, "port")
  const [portName, number] = [text(port, "name"), count(port, "number")]
  if (portName !== "" && number !== 0) check.invalid(field, "", "cannot set both port name & port number")
  else if (portName !== "") check.texts(`${field}.service.port.name`, portName, portNameErrors(portName))
  else if (number !== 0) check.texts(`${field}.service.port.number`, number, portErrors(number))
  else check.required(field, "port name or number is required")
}

const checkPath = (check: Check, field: string, path: Fields): void => {
  const [type, value] = [path["pathType"], text(path, "path")]
  if (type === undefined) return check.required(`${field}.pathType`, "pathType must be specified")
  check.oneOf(`${field}.pathType`, type, ["Exact", "ImplementationSpecific", "Prefix"])
  const exact = type === "Exact" || type === "Prefix"
  if ((exact || (type === "ImplementationSpecific" && value !== "")) && !value.startsWith("/")) {
    check.invalid(`${field}.path`, value, "must be an absolute path")
  }
  if (exact) {
    for (const part of ["//", "/./", "/../", "%2f", "%2F"]) if (value.includes(part)) check.invalid(`${field}.path`, value, `must not contain '${part}'`)
    for (const end of ["/..", "/."]) if (value.endsWith(end)) check.invalid(`${field}.path`, value, `cannot end with '${end}'`)
  }
  checkBackend(check, `${field}.backend`, part(path, "backend") ?? {})
}

const checkRule = (check: Check, field: string, rule: Fields): void => {
  const host = text(rule, "host")
  if (host !== "") {
    if (ipFamilyOf(host) !== undefined) check.invalid(`${field}.host`, host, "must be a DNS name, not an IP address")
    check.texts(`${field}.host`, host, hostErrors(host))
  }
  const http = part(rule, "http")
  if (http === undefined) return
  const paths = items(http["paths"])
  if (paths.length === 0) check.required(`${field}.http.paths`)
  paths.forEach((path, i) => checkPath(check, `${field}.http.paths[${i}]`, path))
}

/** An ingress, new or changed. */
export const checkIngress = (check: Check, ingress: Fields): void => {
  const spec = specOf(ingress)
  const [rules, backend] = [items(spec["rules"]), part(spec, "defaultBackend")]
  if (rules.length === 0 && backend === undefined) check.invalid("spec", spec["rules"], "either `defaultBackend` or `rules` must be specified")
  if (backend !== undefined) checkBackend(check, "spec.defaultBackend", backend)
  rules.forEach((rule, i) => checkRule(check, `spec.rules[${i}]`, rule))
  items(spec["tls"]).forEach((one, i) => {
    texts(one["hosts"]).forEach((host, j) => check.texts(`spec.tls[${i}].hosts[${j}]`, host, hostErrors(host)))
    if (text(one, "secretName") !== "") check.subdomain(`spec.tls[${i}].secretName`, text(one, "secretName"))
  })
  if (typeof spec["ingressClassName"] === "string") check.subdomain("spec.ingressClassName", spec["ingressClassName"])
}

/** A new ingress: the old way of naming its class must not contradict the new one. */
export const checkIngressCreate = (check: Check, ingress: Fields): void => {
  checkIngress(check, ingress)
  const annotated = part(part(ingress, "metadata"), "annotations")?.["kubernetes.io/ingress.class"]
  const name = specOf(ingress)["ingressClassName"]
  if (annotated !== undefined && name !== undefined && annotated !== name) {
    check.invalid("annotations.kubernetes.io/ingress.class", annotated, "must match `ingressClassName` when both are specified")
  }
}

/** The addresses at which an ingress can be reached. */
export const checkIngressStatus = (check: Check, ingress: Fields, old: Fields): void => {
  const of = (one: Fields): ReadonlyArray<Fields> => items(part(part(one, "status"), "loadBalancer")?.["ingress"])
  const kept = new Set(of(old).map((one) => text(one, "ip")))
  of(ingress).forEach((one, i) => {
    const [at, ip, hostname] = [`status.loadBalancer.ingress[${i}]`, text(one, "ip"), text(one, "hostname")]
    if (ip !== "" && !kept.has(ip)) check.texts(`${at}.ip`, ip, ipErrors(ip))
    if (hostname === "") return
    check.texts(`${at}.hostname`, hostname, subdomainErrors(hostname))
    if (ipFamilyOf(hostname) !== undefined) check.invalid(`${at}.hostname`, hostname, "must be a DNS name, not an IP address")
  })
}

const checkParameters = (check: Check, field: string, parameters: Fields): void => {
  checkReference(check, field, parameters)
  const { scope, namespace } = parameters
  if (scope === undefined) return check.required(`${field}.scope`)
  check.oneOf(`${field}.scope`, scope, ["Cluster", "Namespace"])
  if (scope === "Namespace") {
    if (typeof namespace !== "string") check.required(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'")
    else check.dnsLabel(`${field}.namespace`, namespace)
  }
  if (scope === "Cluster" && namespace !== undefined) check.forbidden(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'")
}

/** A class of ingresses, new or changed. */
export const checkIngressClass = (check: Check, ingressClass: Fields, old?: Fields): void => {
  const spec = specOf(ingressClass)
  const controller = text(spec, "controller")
  if (old !== undefined) check.immutable("spec.controller", controller, text(specOf(old), "controller"))
  if (controller.length > 250) check.tooLong("spec.controller", 250)
  checkDomainPath(check, "spec.controller", controller)
  const parameters = part(spec, "parameters")
  if (parameters !== undefined) checkParameters(check, "spec.parameters", parameters)
}

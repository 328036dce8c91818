/** Containers of all sorts. */
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, texts, type Check } from "./Check.ts"
import { checkEnvironment, checkEnvironmentSources } from "./Environment.ts"
import { portErrors, portNameErrors } from "./Formats.ts"
import { checkDevices, checkMounts } from "./Mounts.ts"
import { checkLifecycle, checkProbes } from "./Probes.ts"
import { checkResources } from "./Quantities.ts"
import { checkSecurityContext } from "./SecurityContexts.ts"

/** What surrounds the containers of a pod. */
export interface ContainerContext {
  readonly volumes: ReadonlyMap<string, Fields>
  readonly claims: ReadonlySet<string>
  readonly grace: unknown
  readonly os: Fields | undefined
  readonly podRestartPolicy: string
  readonly hostUsers: boolean
}

const checkPorts = (check: Check, field: string, ports: ReadonlyArray<Fields>): void => {
  const names = new Set<string>()
  ports.forEach((port, i) => {
    const at = `${field}[${i}]`
    const name = text(port, "name")
    if (name !== "") {
      const errors = portNameErrors(name)
      check.texts(`${at}.name`, name, errors)
      if (errors.length === 0 && names.has(name)) check.duplicate(`${at}.name`, name)
      names.add(name)
    }
    const number = count(port, "containerPort")
    if (number === 0) check.required(`${at}.containerPort`)
    else check.texts(`${at}.containerPort`, number, portErrors(number))
    const hostPort = count(port, "hostPort")
    if (hostPort !== 0) check.texts(`${at}.hostPort`, hostPort, portErrors(hostPort))
    check.oneOfRequired(`${at}.protocol`, port["protocol"], ["SCTP", "TCP", "UDP"])
  })
}

const checkResizePolicy = (check: Check, field: string, policies: ReadonlyArray<Fields>, podRestartPolicy: string): void => {
  const seen = new Set<string>()
  policies.forEach((policy, i) => {
    const [name, restart] = [text(policy, "resourceName"), text(policy, "restartPolicy")]
    if (seen.has(name)) check.duplicate(`${field}[${i}]`, name)
    seen.add(name)
    check.oneOfRequired(field, name, ["cpu", "memory"])
    check.oneOfRequired(field, restart, ["NotRequired", "RestartContainer"])
    if (podRestartPolicy === "Never" && restart !== "NotRequired") {
      check.invalid(field, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'")
    }
  })
}

const checkCommon = (check: Check, field: string, container: Fields, context: ContainerContext): void => {
  const name = text(container, "name")
  if (name === "") check.required(`${field}.name`)
  else check.dnsLabel(`${field}.name`, name)
  if (text(container, "image") === "") check.required(`${field}.image`)
  check.oneOfRequired(`${field}.terminationMessagePolicy`, container["terminationMessagePolicy"], ["File", "FallbackToLogsOnError"])
  if (container["ports"] !== undefined) checkPorts(check, `${field}.ports`, items(container["ports"]))
  checkEnvironment(check, `${field}.env`, items(container["env"]))
  if (container["envFrom"] !== undefined) checkEnvironmentSources(check, `${field}.envFrom`, items(container["envFrom"]))
  if (container["volumeMounts"] !== undefined) checkMounts(check, `${field}.volumeMounts`, container, context.volumes)
  if (container["volumeDevices"] !== undefined) checkDevices(check, `${field}.volumeDevices`, container, context.volumes)
  check.oneOfRequired(`${field}.imagePullPolicy`, container["imagePullPolicy"], ["Always", "IfNotPresent", "Never"])
  checkResources(check, `${field}.resources`, part(container, "resources") ?? {}, context.claims)
  if (container["resizePolicy"] !== undefined) checkResizePolicy(check, `${field}.resizePolicy`, items(container["resizePolicy"]), context.podRestartPolicy)
  checkSecurityContext(check, `${field}.securityContext`, part(container, "securityContext"), context.hostUsers)
}

const restartActions = ["Restart", "RestartAllContainers"]

const checkRestartPolicy = (check: Check, field: string, container: Fields): void => {
  const rules = items(container["restartPolicyRules"])
  const policy = container["restartPolicy"]
  if (policy === undefined) {
    if (rules.length === 0) return
    check.required(`${field}.restartPolicy`, "must specify restartPolicy when restart rules are used")
  } else check.oneOf(`${field}.restartPolicy`, policy, ["Always", "Never", "OnFailure"])
  if (rules.length > 20) check.tooMany(`${field}.restartPolicyRules`, rules.length, 20)
  rules.forEach((rule, i) => {
    const at = `${field}.restartPolicyRules[${i}]`
    check.oneOf(`${at}.action`, rule["action"], restartActions)
    const codes = part(rule, "exitCodes")
    if (codes === undefined) return check.required(`${at}.exitCodes`, "must be specified")
    check.oneOf(`${at}.exitCodes.operator`, codes["operator"], ["In", "NotIn"])
    const values = texts(codes["values"])
    if (values.length > 255) check.tooMany(`${at}.exitCodes.values`, values.length, 255)
  })
}

/** Two containers cannot have the same port of the host. */
const checkHostPorts = (check: Check, field: string, containers: ReadonlyArray<Fields>): void => {
  if (containers.every((container) => container["ports"] === undefined)) return
  const taken = new Set<string>()
  containers.forEach((container, i) => {
    items(container["ports"]).forEach((port, j) => {
      if (count(port, "hostPort") === 0) return
      const key = `${text(port, "protocol")}/${text(port, "hostIP")}/${count(port, "hostPort")}`
      if (taken.has(key)) check.duplicate(`${field}[${i}].ports[${j}].hostPort`, key)
      taken.add(key)
    })
  })
}

/** The containers that run for as long as the pod does. */
export const checkContainers = (check: Check, field: string, containers: ReadonlyArray<Fields>, context: ContainerContext): void => {
  if (containers.length === 0) return check.required(field)
  const names = new Set<string>()
  containers.forEach((container, i) => {
    const at = `${field}[${i}]`
    checkCommon(check, at, container, context)
    const name = text(container, "name")
    if (names.has(name)) check.duplicate(`${at}.name`, name)
    names.add(name)
    const lifecycle = part(container, "lifecycle")
    if (lifecycle !== undefined) checkLifecycle(check, `${at}.lifecycle`, lifecycle, context.grace, context.os)
    checkProbes(check, at, container, context.grace)
    checkRestartPolicy(check, at, container)
  })
  checkHostPorts(check, field, containers)
}

const onlySidecars = "may not be set for init containers without restartPolicy=Always"

const checkInitPhase = (check: Check, field: string, container: Fields, context: ContainerContext): void => {
  const lifecycle = part(container, "lifecycle")
  if (container["restartPolicy"] === "Always") {
    if (lifecycle !== undefined) checkLifecycle(check, `${field}.lifecycle`, lifecycle, context.grace, context.os)
    return checkProbes(check, field, container, context.grace)
  }
  for (const name of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]) {
    if (container[name] !== undefined) check.forbidden(`${field}.${name}`, onlySidecars)
  }
}

/** The containers that run before the others, and sidecars. */
export const checkInitContainers = (
  check: Check,
  field: string,
  containers: ReadonlyArray<Fields>,
  others: ReadonlyArray<Fields>,
  context: ContainerContext
): void => {
  const names = new Set(others.map((container) => text(container, "name")))
  containers.forEach((container, i) => {
    const at = `${field}[${i}]`
    checkCommon(check, at, container, context)
    checkRestartPolicy(check, at, container)
    const name = text(container, "name")
    if (names.has(name)) check.duplicate(`${at}.name`, name)
    else if (name !== "") names.add(name)
    checkHostPorts(check, field, [container])
    checkInitPhase(check, at, container, context)
    if (container["restartPolicy"] === "Always") return
    items(container["resizePolicy"]).forEach((policy, j) => {
      if (policy["restartPolicy"] === "RestartContainer") {
        check.invalid(`${at}.resizePolicy[${j}].restartPolicy`, "RestartContainer", "must not be set to 'RestartContainer' for non-sidecar initContainers")
      }
    })
  })
}

const ephemeralFields = new Set([
  "name", "image", "command", "args", "workingDir", "envFrom", "env", "volumeMounts", "volumeDevices", "terminationMessagePath",
  "terminationMessagePolicy", "imagePullPolicy", "securityContext", "stdin", "stdinOnce", "tty", "targetContainerName"
])

const notEphemeral = "cannot be set for an Ephemeral Container"

/** Fields in the order of the container type, for the errors about those that may not be set. */
const refusedFields = ["ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"]

/** The containers that are added to a running pod. */
export const checkEphemeralContainers = (
  check: Check,
  field: string,
  containers: ReadonlyArray<Fields>,
  others: ReadonlyArray<Fields>,
  context: ContainerContext
): void => {
  const otherNames = new Set(others.map((container) => text(container, "name")))
  const names = new Set(otherNames)
  containers.forEach((container, i) => {
    const at = `${field}[${i}]`
    checkCommon(check, at, container, context)
    checkImageSpaces(check, at, container)
    const name = text(container, "name")
    if (names.has(name)) check.duplicate(`${at}.name`, name)
    names.add(name)
    const target = text(container, "targetContainerName")
    if (target !== "" && !otherNames.has(target)) check.notFound(`${at}.targetContainerName`, target)
    for (const refused of refusedFields) {
      const value = container[refused]
      const empty = value === undefined || (refused === "resources" && Object.keys(value as object).length === 0)
      if (!empty && !ephemeralFields.has(refused)) check.forbidden(`${at}.${refused}`, notEphemeral)
    }
    items(container["volumeMounts"]).forEach((mount, j) => {
      if (text(mount, "subPath") !== "") check.forbidden(`${at}.volumeMounts[${j}].subPath`, notEphemeral)
      if (text(mount, "subPathExpr") !== "") check.forbidden(`${at}.volumeMounts[${j}].subPathExpr`, notEphemeral)
    })
  })
}

/** Images of pods, in contrast to those of templates, have no spaces around them. */
export const checkImageSpaces = (check: Check, field: string, container: Fields): void => {
  const image = text(container, "image")
  if (image !== image.trim()) check.invalid(`${field}.image`, image, "must not have leading or trailing whitespace")
}

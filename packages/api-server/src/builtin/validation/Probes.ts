/** Probes, hooks and the actions that they take. */
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, texts, type Check } from "./Check.ts"
import { headerErrors, portErrors, portNameErrors } from "./Formats.ts"

/** A port by number or name. */
export const checkPort = (check: Check, field: string, port: unknown): void => {
  if (typeof port === "string") check.texts(field, port, portNameErrors(port))
  else check.texts(field, port ?? 0, portErrors(typeof port === "number" ? port : 0))
}

const checkHttp = (check: Check, field: string, action: Fields): void => {
  if (text(action, "path") === "") check.required(`${field}.path`)
  checkPort(check, `${field}.port`, action["port"])
  check.oneOf(`${field}.scheme`, action["scheme"], ["HTTP", "HTTPS"])
  for (const header of items(action["httpHeaders"])) check.texts(`${field}.httpHeaders`, text(header, "name"), headerErrors(text(header, "name")))
}

type ActionCheck = (check: Check, field: string, action: Fields, grace: unknown) => void

const actions: ReadonlyArray<readonly [name: string, check: ActionCheck]> = [
  ["exec", (check, field, action) => {
    if (texts(action["command"]).length === 0) check.required(`${field}.command`)
  }],
  ["httpGet", checkHttp],
  ["tcpSocket", (check, field, action) => checkPort(check, `${field}.port`, action["port"])],
  ["grpc", (check, field, action) => checkPort(check, `${field}.port`, action["port"])],
  ["sleep", (check, field, action, grace) => {
    const seconds = count(action, "seconds")
    if (typeof grace === "number" && (seconds < 0 || seconds > grace)) {
      check.invalid(field, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`)
    }
  }]
]

const checkHandler = (check: Check, field: string, handler: Fields, grace: unknown): void => {
  let found = false
  for (const [name, checkOne] of actions) {
    const action = part(handler, name)
    if (action === undefined) continue
    if (found) check.forbidden(`${field}.${name}`, "may not specify more than 1 handler type")
    else checkOne(check, `${field}.${name}`, action, grace)
    found = true
  }
  if (!found) check.required(field, "must specify a handler type")
}

const checkProbe = (check: Check, field: string, probe: Fields, grace: unknown): void => {
  checkHandler(check, field, probe, grace)
  for (const name of ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]) {
    check.notNegative(`${field}.${name}`, probe[name])
  }
  check.positive(`${field}.terminationGracePeriodSeconds`, probe["terminationGracePeriodSeconds"])
}

/** All probes of a container. */
export const checkProbes = (check: Check, field: string, container: Fields, grace: unknown): void => {
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    const probe = part(container, name)
    if (probe === undefined) continue
    checkProbe(check, `${field}.${name}`, probe, grace)
    if (name !== "readinessProbe") {
      if (count(probe, "successThreshold") !== 1) check.invalid(`${field}.${name}.successThreshold`, count(probe, "successThreshold"), "must be 1")
    } else if (probe["terminationGracePeriodSeconds"] !== undefined) {
      check.invalid(`${field}.${name}.terminationGracePeriodSeconds`, probe["terminationGracePeriodSeconds"], "must not be set for readinessProbes")
    }
  }
}

/** What runs when a container starts and before it stops. */
export const checkLifecycle = (check: Check, field: string, lifecycle: Fields, grace: unknown, os: Fields | undefined): void => {
  const [postStart, preStop] = [part(lifecycle, "postStart"), part(lifecycle, "preStop")]
  if (postStart !== undefined) checkHandler(check, `${field}.postStart`, postStart, grace)
  if (preStop !== undefined) checkHandler(check, `${field}.preStop`, preStop, grace)
  if (lifecycle["stopSignal"] !== undefined && os === undefined) {
    check.forbidden(`${field}.stopSignal`, "may not be set for containers with empty `spec.os.name`")
  }
}

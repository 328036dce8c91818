/** Environment variables of containers. */
import type { Fields } from "../Sharing.ts"
import { part, text, type Check } from "./Check.ts"
import { checkFieldRef, checkResourceFieldRef, environmentFields } from "./FieldReferences.ts"
import { configKeyErrors, envNameErrors } from "./Formats.ts"
import { checkFileKeyRef } from "./VolumeFiles.ts"

const checkKeySelector = (check: Check, field: string, selector: Fields): void => {
  check.subdomain(`${field}.name`, text(selector, "name"))
  if (text(selector, "key") === "") check.required(`${field}.key`)
  else check.texts(`${field}.key`, text(selector, "key"), configKeyErrors(text(selector, "key")))
}

const sources: ReadonlyArray<readonly [string, (check: Check, field: string, source: Fields) => void]> = [
  ["fieldRef", (check, field, source) => checkFieldRef(check, field, source, environmentFields)],
  ["resourceFieldRef", (check, field, source) => checkResourceFieldRef(check, field, source, false)],
  ["configMapKeyRef", checkKeySelector],
  ["secretKeyRef", checkKeySelector],
  ["fileKeyRef", checkFileKeyRef]
]

const checkValueFrom = (check: Check, field: string, variable: Fields): void => {
  const from = part(variable, "valueFrom")
  if (from === undefined) return
  let found = 0
  for (const [name, checkOne] of sources) {
    const source = part(from, name)
    if (source === undefined) continue
    found++
    checkOne(check, `${field}.${name}`, source)
  }
  if (found === 0) check.invalid(field, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`")
  else if (text(variable, "value") !== "") check.invalid(field, "", "may not be specified when `value` is not empty")
  else if (found > 1) check.invalid(field, "", "may not have more than one field specified at a time")
}

/** Single variables. */
export const checkEnvironment = (check: Check, field: string, variables: ReadonlyArray<Fields>): void => {
  for (let i = 0; i < variables.length; i++) {
    const variable = variables[i]!
    const name = text(variable, "name")
    const errors = envNameErrors(name)
    if (name === "") check.required(`${field}[${i}].name`)
    else if (errors.length > 0) check.texts(`${field}[${i}].name`, name, errors)
    if (variable["valueFrom"] !== undefined) checkValueFrom(check, `${field}[${i}].valueFrom`, variable)
  }
}

/** All keys of a config map or secret as variables. */
export const checkEnvironmentSources = (check: Check, field: string, all: ReadonlyArray<Fields>): void => {
  all.forEach((one, i) => {
    const prefix = text(one, "prefix")
    if (prefix !== "") check.texts(`${field}[${i}].prefix`, prefix, envNameErrors(prefix))
    const found = ["configMapRef", "secretRef"].filter((name) => one[name] !== undefined)
    for (const name of found) {
      const referred = text(part(one, name), "name")
      if (referred === "") check.required(`${field}[${i}].${name}.name`)
      else check.subdomain(`${field}[${i}].${name}.name`, referred)
    }
    if (found.length === 0) check.invalid(field, "", "must specify one of: `configMapRef` or `secretRef`")
    else if (found.length > 1) check.invalid(field, "", "may not have more than one field specified at a time")
  })
}

/** Volumes that are put together from several sources. */
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, type Check } from "./Check.ts"
import { checkUnreservedPath } from "./Paths.ts"
import { checkDownwardFile, checkKeyToPath, checkMode } from "./VolumeFiles.ts"

/** Paths that are taken, over all sources of a volume. */
type Taken = Set<string>

const take = (check: Check, field: string, taken: Taken, path: string, shown: string): void => {
  if (path === "") return
  if (taken.has(path)) check.invalid(field, shown, "conflicting duplicate paths")
  else taken.add(path)
}

const checkFiles = (check: Check, field: string, at: string, source: Fields, taken: Taken): void => {
  if (text(source, "name") === "") check.required(`${at}.name`)
  items(source["items"]).forEach((item, i) => {
    checkKeyToPath(check, `${at}.items[${i}]`, item)
    take(check, field, taken, text(item, "path"), text(source, "name"))
  })
}

const checkToken = (check: Check, field: string, at: string, source: Fields): void => {
  const seconds = count(source, "expirationSeconds")
  if (seconds < 600) check.invalid(`${at}.expirationSeconds`, seconds, "may not specify a duration less than 10 minutes")
  if (seconds > 2 ** 32) check.invalid(`${at}.expirationSeconds`, seconds, "may not specify a duration larger than 2^32 seconds")
  if (text(source, "path") === "") check.required(`${field}.path`)
  else checkUnreservedPath(check, `${field}.path`, text(source, "path"))
}

const checkTrustBundle = (check: Check, field: string, at: string, source: Fields, taken: Taken): void => {
  const [byName, bySigner] = [source["name"] !== undefined, source["signerName"] !== undefined]
  if (byName && bySigner) check.invalid(at, source, "only one of name and signerName may be used")
  else if (byName) {
    if (text(source, "name") === "") check.required(`${at}.name`, "must be a valid object name")
    if (source["labelSelector"] !== undefined) check.invalid(`${at}.labelSelector`, source["labelSelector"], "labelSelector must be unset if name is specified")
  } else if (bySigner) {
    if (text(source, "signerName") === "") check.required(`${at}.signerName`, "must be a valid signer name")
    check.labelSelector(`${at}.labelSelector`, source["labelSelector"])
  } else check.required(at, "either name or signerName must be specified")
  if (text(source, "path") === "") check.required(`${at}.path`)
  checkUnreservedPath(check, `${at}.path`, text(source, "path"))
  take(check, field, taken, text(source, "path"), text(source, "path"))
}

const checkSource = (check: Check, field: string, at: string, source: Fields, taken: Taken): void => {
  const found = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"].filter((name) => source[name] !== undefined)
  const [secret, configMap, downward] = [part(source, "secret"), part(source, "configMap"), part(source, "downwardAPI")]
  if (secret !== undefined) checkFiles(check, field, `${at}.secret`, secret, taken)
  if (configMap !== undefined) checkFiles(check, field, `${at}.configMap`, configMap, taken)
  for (const file of items(downward?.["items"])) {
    checkDownwardFile(check, `${at}.downwardAPI`, file)
    take(check, field, taken, text(file, "path"), text(file, "path"))
  }
  const [token, bundle] = [part(source, "serviceAccountToken"), part(source, "clusterTrustBundle")]
  if (token !== undefined) checkToken(check, field, `${at}.serviceAccountToken`, token)
  if (bundle !== undefined) checkTrustBundle(check, field, `${at}.clusterTrustBundle`, bundle, taken)
  if (found.length > 1) check.forbidden(at, "may not specify more than 1 volume type per source")
}

/** Lists of sources without a fault. Nearly all pods have the very list that mounts the token of their account. */
const faultless = new WeakSet<object>()

/** Checks a projected volume. */
export const checkProjected = (check: Check, field: string, volume: Fields): void => {
  checkMode(check, `${field}.defaultMode`, volume["defaultMode"])
  const sources = items(volume["sources"])
  if (faultless.has(sources)) return
  const before = check.causes.length
  const taken: Taken = new Set()
  sources.forEach((source, i) => checkSource(check, field, `${field}.sources[${i}]`, source, taken))
  if (check.causes.length === before) faultless.add(sources)
}

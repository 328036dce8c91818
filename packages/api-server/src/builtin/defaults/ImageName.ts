/** Image references, as far as their tag decides how often they are pulled. */

const domainPart = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
const domain = `(?:(?:${domainPart}(?:\\.${domainPart})*)|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*"
const tag = "[\\w][\\w.-]{0,127}"
const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

const reference = new RegExp(`^(?:${domain}/)?${component}(?:/${component})*(?::(?<tag>${tag}))?(?<digest>@${digest})?$`)

/** The tag that an image is pulled by: `latest` where it has neither tag nor digest; `undefined` for malformed names. */
const tagOf = (image: string): string | undefined => {
  const found = reference.exec(image)
  if (found === null || /^[a-f0-9]{64}$/.test(image)) return undefined
  return found.groups?.["tag"] ?? (found.groups?.["digest"] === undefined ? "latest" : "")
}

const policies = new Map<string, string>()

/** The pull policy of an image that says nothing of it. */
export const pullPolicyOf = (image: string): string => {
  let policy = policies.get(image)
  if (policy === undefined) {
    policy = tagOf(image) === "latest" ? "Always" : "IfNotPresent"
    if (policies.size >= 1024) policies.clear()
    policies.set(image, policy)
  }
  return policy
}

/** Which rule the names of a kind follow. */
import { ipErrors } from "../builtin/validation/Formats.ts"
import { dnsLabelErrors, pathSegmentErrors, subdomainErrors } from "../internal/nameRules.ts"
import type { NameErrors } from "../rest/MetadataRules.ts"

const byKind: Readonly<Record<string, NameErrors>> = {
  "/namespaces": dnsLabelErrors,
  "/services": dnsLabelErrors,
  "apps/statefulsets": dnsLabelErrors,
  "networking.k8s.io/ipaddresses": ipErrors,
  "policy/poddisruptionbudgets": pathSegmentErrors,
  "/events": () => [],
  "events.k8s.io/events": () => [],
  "rbac.authorization.k8s.io/roles": pathSegmentErrors,
  "rbac.authorization.k8s.io/rolebindings": pathSegmentErrors,
  "rbac.authorization.k8s.io/clusterroles": pathSegmentErrors,
  "rbac.authorization.k8s.io/clusterrolebindings": pathSegmentErrors,
  "apiregistration.k8s.io/apiservices": pathSegmentErrors
}

/** The rule for the names of a kind, by `group/plural`: DNS subdomains unless the table says otherwise. */
export const nameRuleOf = (key: string): NameErrors => byKind[key] ?? subdomainErrors

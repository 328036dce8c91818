/** The order of API versions: newest and most stable first. */

const stabilities = ["alpha", "beta", undefined]

const rankOf = (version: string): ReadonlyArray<number> | undefined => {
  const found = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version)
  return found === null ? undefined : [stabilities.indexOf(found[2]), Number(found[1]), Number(found[3] ?? 0)]
}

/** v2, v1, v1beta1, v1alpha2, then other names in alphabetical order. */
export const byVersion = (a: string, b: string): number => {
  const [left, right] = [rankOf(a), rankOf(b)]
  if (left === undefined || right === undefined) return left === right ? (a < b ? -1 : a > b ? 1 : 0) : left === undefined ? 1 : -1
  const at = left.findIndex((part, i) => part !== right[i])
  return at < 0 ? 0 : right[at]! - left[at]!
}

/** Quantities and versions in expressions. */
import { Quantity } from "@fairlead/kube"
import { parseType } from "../types/Type.ts"
import { fail, Opaque, type Value } from "../values/Value.ts"
import { type Declared, declare } from "./Declare.ts"
import { parseVersion, type Version, versionOrder } from "./SemanticVersion.ts"

const quantityType = parseType("kubernetes.Quantity")
const versionType = parseType("kubernetes.Semver")

class QuantityValue extends Opaque {
  readonly type = quantityType
  readonly quantity: Quantity.Quantity
  constructor(quantity: Quantity.Quantity) {
    super()
    this.quantity = quantity
  }

  equals(other: Value): boolean {
    return other instanceof QuantityValue && Quantity.compare(this.quantity, other.quantity) === 0
  }
}

class VersionValue extends Opaque {
  readonly type = versionType
  readonly version: Version
  constructor(version: Version) {
    super()
    this.version = version
  }

  equals(other: Value): boolean {
    return other instanceof VersionValue && versionOrder(this.version, other.version) === 0
  }
}

const quantity = (text: string): QuantityValue => {
  const parsed = Quantity.parse(text)
  return parsed === undefined ? fail(Quantity.problemOf(text) ?? "") : new QuantityValue(parsed)
}

const ofInt = (value: bigint): Quantity.Quantity => ({ nanos: value * 1_000_000_000n, format: "DecimalExponent" })

const whole = ({ quantity: { nanos } }: QuantityValue): bigint | undefined => {
  const value = nanos / 1_000_000_000n
  return nanos % 1_000_000_000n === 0n && BigInt.asIntN(64, value) === value ? value : undefined
}

const version = (text: string, normalize = false): VersionValue => {
  const parsed = parseVersion(text, normalize)
  return typeof parsed === "string" ? fail(parsed) : new VersionValue(parsed)
}

const order = (left: QuantityValue, right: QuantityValue): number => Quantity.compare(left.quantity, right.quantity)

const orderOfVersions = (left: VersionValue, right: VersionValue): number => versionOrder(left.version, right.version)

const added = (left: QuantityValue, right: Quantity.Quantity): Value => new QuantityValue(Quantity.add(left.quantity, right))
const subtracted = (left: QuantityValue, right: Quantity.Quantity): Value => new QuantityValue(Quantity.subtract(left.quantity, right))

/** Functions on quantities and on versions. */
export const quantities: ReadonlyArray<Declared> = [
  declare("quantity(string) -> kubernetes.Quantity", quantity),
  declare("isQuantity(string) -> bool", (text: string) => Quantity.parse(text) !== undefined),
  declare("sign(kubernetes.Quantity) -> int", ({ quantity: { nanos } }: QuantityValue) => (nanos < 0n ? -1n : nanos > 0n ? 1n : 0n)),
  declare("isGreaterThan.(kubernetes.Quantity, kubernetes.Quantity) -> bool", (left: QuantityValue, right: QuantityValue) => order(left, right) > 0),
  declare("isLessThan.(kubernetes.Quantity, kubernetes.Quantity) -> bool", (left: QuantityValue, right: QuantityValue) => order(left, right) < 0),
  declare("compareTo.(kubernetes.Quantity, kubernetes.Quantity) -> int", (left: QuantityValue, right: QuantityValue) => BigInt(order(left, right))),
  declare("asApproximateFloat.(kubernetes.Quantity) -> double", (value: QuantityValue) => Quantity.toNumber(value.quantity)),
  declare("asInteger.(kubernetes.Quantity) -> int", (value: QuantityValue) => whole(value) ?? fail("cannot convert value to integer")),
  declare("isInteger.(kubernetes.Quantity) -> bool", (value: QuantityValue) => whole(value) !== undefined),
  declare("add.(kubernetes.Quantity, kubernetes.Quantity) -> kubernetes.Quantity", (left: QuantityValue, right: QuantityValue) => added(left, right.quantity)),
  declare("add.(kubernetes.Quantity, int) -> kubernetes.Quantity", (left: QuantityValue, right: bigint) => added(left, ofInt(right))),
  declare("sub.(kubernetes.Quantity, kubernetes.Quantity) -> kubernetes.Quantity", (left: QuantityValue, right: QuantityValue) => subtracted(left, right.quantity)),
  declare("sub.(kubernetes.Quantity, int) -> kubernetes.Quantity", (left: QuantityValue, right: bigint) => subtracted(left, ofInt(right))),
  declare("semver(string) -> kubernetes.Semver", (text: string) => version(text)),
  declare("semver(string, bool) -> kubernetes.Semver", version),
  declare("isSemver(string) -> bool", (text: string) => typeof parseVersion(text, false) !== "string"),
  declare("isSemver(string, bool) -> bool", (text: string, normalize: boolean) => typeof parseVersion(text, normalize) !== "string"),
  declare("isGreaterThan.(kubernetes.Semver, kubernetes.Semver) -> bool", (left: VersionValue, right: VersionValue) => orderOfVersions(left, right) > 0),
  declare("isLessThan.(kubernetes.Semver, kubernetes.Semver) -> bool", (left: VersionValue, right: VersionValue) => orderOfVersions(left, right) < 0),
  declare("compareTo.(kubernetes.Semver, kubernetes.Semver) -> int", (left: VersionValue, right: VersionValue) => BigInt(orderOfVersions(left, right))),
  declare("major.(kubernetes.Semver) -> int", (value: VersionValue) => value.version.numbers[0]),
  declare("minor.(kubernetes.Semver) -> int", (value: VersionValue) => value.version.numbers[1]),
  declare("patch.(kubernetes.Semver) -> int", (value: VersionValue) => value.version.numbers[2])
]

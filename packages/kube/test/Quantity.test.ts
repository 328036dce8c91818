import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Quantity from "../src/Quantity.ts"

const parse = (text: string): Quantity.Quantity => {
  const quantity = Quantity.parse(text)
  if (quantity === undefined) throw new Error(`${text} is no quantity`)
  return quantity
}

/** The canonical text, without the shortcut that keeps what was written. */
const plain = (text: string): string => Quantity.format({ ...parse(text), text: undefined })

/** The amount that a canonical text says: beyond the largest suffix Kubernetes prints none, and so the amount without its thousands (`1000E` is `1`). */
const told = ({ format, nanos }: Quantity.Quantity): bigint => {
  if (format === "DecimalExponent" || nanos === 0n || nanos % 10n ** 30n !== 0n) return nanos
  let rest = nanos
  while (rest % 1000n === 0n) rest /= 1000n
  return rest * 10n ** 9n
}

const suffixes = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e0", "e3", "E-2", "e+5"]
const quantityText = fc.tuple(
  fc.constantFrom("", "-", "+"),
  fc.bigInt({ min: 0n, max: 10n ** 22n }),
  fc.option(fc.stringMatching(/^[0-9]{0,12}$/), { nil: undefined }),
  fc.constantFrom(...suffixes)
).map(([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${suffix}`)

describe("Quantity.parse", () => {
  it.each([
    ["0", 0n], ["1", 10n ** 9n], ["-1", -(10n ** 9n)], ["5n", 5n], ["4u", 4_000n], ["3m", 3_000_000n], ["8k", 8n * 10n ** 12n],
    ["1E", 10n ** 27n], ["1Ki", 1_024n * 10n ** 9n], ["3Ei", 3n * 2n ** 60n * 10n ** 9n], ["1E-3", 1_000_000n],
    ["1.3E+6", 13n * 10n ** 14n], ["0.5Mi", 524_288n * 10n ** 9n], [".001", 1_000_000n], ["1.", 10n ** 9n], ["1.G", 10n ** 18n],
    ["100.035Ki", 102_435_840_000_000n], ["18446744073709551616", 2n ** 64n * 10n ** 9n], ["0e3", 0n], ["007", 7n * 10n ** 9n]
  ])("reads %s exactly", (text, nanos) => {
    expect(parse(text).nanos).toBe(nanos)
  })

  it.each([
    ["3.001n", 4n], ["1.1E-9", 2n], ["0.0000000001", 1n], ["0.9n", 1n], ["-0.9n", -1n], ["0.00000012345", 124n],
    ["0.000000000001Ki", 2n], ["1e-4000000000", 1n], ["-1e-4000000000", -1n], ["0e-4000000000", 0n]
  ])("rounds %s away from zero to billionths", (text, nanos) => {
    expect(parse(text).nanos).toBe(nanos)
  })

  it.each(["8Ei", "9Ei", "9223372036854775807Ki"])("caps the binary amount %s at the largest 64-bit integer", (text) => {
    expect(Quantity.format(parse(text))).toBe("9223372036854775807")
  })

  it.each([
    ["1Gi", "BinarySI"], ["0Mi", "BinarySI"], ["1e3", "DecimalExponent"], ["1k", "DecimalSI"], ["0.000000000001Ki", "DecimalSI"]
  ])("remembers the format of %s", (text, format) => {
    expect(parse(text).format).toBe(format)
  })

  it.each(["", "abc", "1 core", "1GB", "lots", " 1", "1 ", "1.2.3", "1e3i", "1e+3k", "1,5", "٣", "0x10", "1_000"])(
    "refuses %o for its form",
    (text) => {
      expect(Quantity.parse(text)).toBeUndefined()
      expect(Quantity.problemOf(text)).toBe(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
      )
    }
  )

  it("refuses the largest suffix alone", () => {
    expect(["Ei", "-.Ei", "m"].map(Quantity.problemOf)).toEqual(["unable to parse numeric part of quantity", "unable to parse numeric part of quantity", undefined])
  })

  it.each(["10K", "1ki", "1i", "1e", "1e+", "1k5", "1mm", "1-5", "--1", "1e99999999999"])("refuses %o for its suffix", (text) => {
    expect(Quantity.problemOf(text)).toBe("unable to parse quantity's suffix")
  })

  it.each(["-", "+", ".", "-.", "E", "Ki", ".k"])("takes %o for zero, as Kubernetes does", (text) => {
    expect(Quantity.canonical(text)).toBe("0")
  })

  it("reads numbers by their JSON text", () => {
    expect(Quantity.canonical(1.5)).toBe("1500m")
    expect(Quantity.canonical(-1)).toBe("-1")
    expect(Quantity.canonical(1e21)).toBe("1e21")
    expect(Quantity.problemOf(1.5)).toBeUndefined()
    expect(Quantity.parse(Number.NaN)).toBeUndefined()
  })

  it("refuses long texts quickly, whatever they hold", () => {
    for (const text of ["0".repeat(4_000) + "x", "e".repeat(4_000) + "!", "1" + "0".repeat(5_000), "e1".repeat(2_000)]) {
      expect(Quantity.parse(text)).toBeUndefined()
    }
  })
})

describe("Quantity.format", () => {
  it.each([
    ["1000m", "1"], ["1500m", "1500m"], ["0.5", "500m"], ["1.5Gi", "1536Mi"], ["1024Ki", "1Mi"], ["1024", "1024"], ["1000Ki", "1000Ki"],
    ["0.5Ki", "512"], ["100.035Ki", "102435840m"], ["1000", "1k"], ["12000000", "12M"], ["1.2345", "1234500u"], ["2e4", "20e3"],
    ["1E3", "1E3"], ["1000e-3", "1"], ["-2048Mi", "-2Gi"], ["0m", "0"], ["0Gi", "0"], ["1.234", "1.234"], ["+5", "+5"], ["007", "007"],
    ["1000E", "1"], ["123456789012345678901", "123456789012345678901"], ["12Ki", "12Ki"], ["16Ki", "16Ki"]
  ])("prints %s as %s", (text, printed) => {
    expect(Quantity.canonical(text)).toBe(printed)
  })

  it("a canonical text reads as the same amount", () => {
    fc.assert(fc.property(quantityText, (text) => {
      expect(parse(plain(text)).nanos).toBe(told(parse(text)))
    }), { examples: [["152587890625000000P"], ["-1000E"], ["1000e18"], ["999E"]] })
  })

  it("a canonical text is its own canonical text", () => {
    fc.assert(fc.property(quantityText, (text) => {
      expect(plain(plain(text))).toBe(plain(text))
    }))
  })

  it("a canonical text has no fraction and the largest suffix that fits", () => {
    fc.assert(fc.property(quantityText, (text) => {
      expect(plain(text)).toMatch(/^-?[0-9]+([numkMGTPE]|[KMGTPE]i|e-?[0-9]+)?$/)
      expect(plain(text)).not.toMatch(/000([numkMGTP])?$/)
    }))
  })

  it("keeps a written text only when it is the same amount", () => {
    fc.assert(fc.property(quantityText, (text) => {
      const quantity = parse(text)
      expect([undefined, text]).toContain(quantity.text)
      expect(parse(Quantity.format(quantity)).nanos).toBe(quantity.nanos)
    }))
  })
})

describe("Quantity arithmetic", () => {
  it("compare orders amounts across formats", () => {
    expect(Quantity.compare(parse("100m"), parse("50m"))).toBe(1)
    expect(Quantity.compare(parse("10000T"), parse("100Gi"))).toBe(1)
    expect(Quantity.compare(parse("1Ki"), parse("1.024k"))).toBe(0)
    expect(Quantity.compare(parse("-1"), parse("0"))).toBe(-1)
  })

  it("add and subtract keep the format of the first, or of the second when the first is zero", () => {
    expect(Quantity.format(Quantity.add(parse("1Gi"), parse("512Mi")))).toBe("1536Mi")
    expect(Quantity.format(Quantity.add(parse("0"), parse("1Gi")))).toBe("1Gi")
    expect(Quantity.format(Quantity.add(Quantity.zero, parse("100m")))).toBe("100m")
    expect(Quantity.format(Quantity.subtract(parse("0"), parse("1Gi")))).toBe("-1Gi")
    expect(Quantity.format(Quantity.subtract(parse("1"), parse("100m")))).toBe("900m")
    expect(Quantity.format(Quantity.add(parse("1k"), parse("1Ki")))).toBe("2024")
  })

  it("subtract undoes add, and order does not matter to a sum", () => {
    fc.assert(fc.property(quantityText, quantityText, (left, right) => {
      const sum = Quantity.add(parse(left), parse(right))
      expect(Quantity.subtract(sum, parse(right)).nanos).toBe(parse(left).nanos)
      expect(Quantity.compare(sum, Quantity.add(parse(right), parse(left)))).toBe(0)
    }))
  })

  it("toScaled rounds away from zero", () => {
    expect(Quantity.toScaled(parse("1.1"), 0)).toBe(2n)
    expect(Quantity.toScaled(parse("-1.1"), 0)).toBe(-2n)
    expect(Quantity.toScaled(parse("1.5"), -3)).toBe(1_500n)
    expect(Quantity.toScaled(parse("1"), -12)).toBe(10n ** 12n)
  })

  it("toNumber is exact for whole amounts and close for fractions", () => {
    expect(Quantity.toNumber(parse("1Gi"))).toBe(1_073_741_824)
    expect(Quantity.toNumber(parse("250m"))).toBe(0.25)
    expect(Quantity.toNumber(parse("-1.5"))).toBe(-1.5)
  })
})

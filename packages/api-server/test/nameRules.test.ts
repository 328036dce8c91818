import { expect, it } from "vitest"
import { dns1035Errors, dnsLabelErrors, subdomainErrors } from "../src/internal/nameRules.ts"

/** Checked against k8s.io/apimachinery 0.36.2, which counts bytes in all of them and says so of labels alone. */
it("names that are too long are told of characters", () => {
  expect(subdomainErrors("a".repeat(254))).toEqual(["must be no more than 253 characters"])
  expect(dnsLabelErrors("a".repeat(64))).toEqual(["must be no more than 63 characters"])
  expect(dns1035Errors("a".repeat(64))).toEqual(["must be no more than 63 characters"])
})

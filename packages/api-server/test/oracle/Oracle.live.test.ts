/**
 * The same questions to this server and to the published libraries of Kubernetes: definitions, custom objects, expressions, writes of several managers,
 * strategic patches, and texts. A few by default; `ORACLE_COUNT=20 ORACLE_SEED=1000 vitest run test/oracle` asks twenty times as many others.
 */
import { readFileSync } from "node:fs"
import { type KubeObject, Quantity, Selector } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import * as Builtin from "../../src/builtin/Builtin.ts"
import { customCells } from "../../src/http/cells/CustomColumns.ts"
import { dns1035Errors, dnsLabelErrors, labelValueErrors, qualifiedNameErrors, subdomainErrors } from "../../src/internal/nameRules.ts"
import { PatchError } from "../../src/patch/PatchError.ts"
import { strategicPatch } from "../../src/patch/StrategicPatch.ts"
import type { ServedResource } from "../../src/ServedResource.ts"
import { installed, whyNot } from "../clients/external.ts"
import { anyDefinition } from "./anyDefinition.ts"
import { anyPod, anyPodPatch } from "./anyPatch.ts"
import { anyRules } from "./anyRules.ts"
import { anySchema, definitionOf, valueFor } from "./anySchema.ts"
import { anyBuiltinSession, anySession, sessionSpec, sessionStatus } from "./anySession.ts"
import { answerTo, askOracle } from "./askOracle.ts"
import { Chance } from "./chance.ts"
import { columnObject, columnPaths } from "./columns.ts"
import { expressionDefinition, expressionObject, expressionOld } from "./expressionKind.ts"
import { causeLines, inOrder, outcomeOf, played, refusedDefinition, type Writing, written, writtenThere } from "./widgets.ts"

const seed = Number(process.env["ORACLE_SEED"] ?? 1)
const times = Number(process.env["ORACLE_COUNT"] ?? 1)
const missing = installed("go-oracle") === undefined && process.env["ORACLE_BIN"] === undefined
const chances = (count: number): ReadonlyArray<Chance> => Array.from({ length: count * times }, (_, i) => new Chance(seed + i))

/** The first few questions that were answered differently. */
const differences = (ours: ReadonlyArray<unknown>, theirs: ReadonlyArray<unknown>, asked: ReadonlyArray<unknown>): ReadonlyArray<object> =>
  ours.flatMap((our, i) => (JSON.stringify(our) === JSON.stringify(theirs[i]) ? [] : [{ seed: seed + i, asked: JSON.stringify(asked[i]), ours: our, theirs: theirs[i] }])).slice(0, 3)

type Written = Parameters<typeof writtenThere>[0]

/** A definition that the server takes, and writes of objects under it. */
const writesOf = (chance: Chance, rules: boolean): ReadonlyArray<Writing> => {
  const options = { wrong: 0, ...(rules ? { rules: anyRules } : {}) }
  const { default: _, ...spec } = anySchema(chance, 3, options)
  const status = chance.oneIn(3) ? anySchema(chance, 2, options) : undefined
  const definition = definitionOf(spec, { status })
  if (refusedDefinition(definition).length > 0) return []
  const object = (): object => ({
    apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a", namespace: "default" },
    spec: valueFor(chance, spec, chance.pick([0, 8, 25])), ...(status === undefined ? {} : { status: valueFor(chance, status, chance.pick([0, 8])) })
  })
  const objects = chance.list(4, object)
  return objects.flatMap((each, i) => [{ definition, object: each }, ...(i === 0 ? [] : [{ definition, object: each, old: objects[i - 1]!, status: status !== undefined && chance.oneIn(2) }])])
}

describe.skipIf(missing)(`beside the libraries of Kubernetes${whyNot("go-oracle")}`, () => {
  it.each([["schemas", false], ["rules", true]] as const)("definitions are refused for the same reasons: %s", (_, rules) => {
    const all = chances(80).map((chance) => definitionOf(anySchema(chance, rules ? 2 : 3, { wrong: chance.pick([0, 8, 20, 40]), ...(rules ? { rules: anyRules } : {}) })))
    const replies = askOracle(all.map((definition) => ({ ask: "definition", definition })))
    // What would break the original is no behaviour to follow.
    const asked = all.filter((_, i) => replies[i]!.answer !== undefined)
    expect(differences(asked.map(refusedDefinition), replies.flatMap(({ answer }) => (answer === undefined ? [] : [causeLines(answer as Written["causes"])])), asked)).toEqual([])
  })

  it("definitions are refused for the same reasons: names, versions, columns and all else", () => {
    const asked = chances(80).map((chance) => anyDefinition(chance, chance.pick([0, 8, 20])))
    const replies = askOracle(asked.map((definition) => ({ ask: "definition", definition })))
    expect(differences(asked.map(refusedDefinition), replies.map(({ answer }) => causeLines(answer as Written["causes"])), asked)).toEqual([])
  })

  it("columns show the same cells", () => {
    const columns = columnPaths.flatMap((jsonPath) => ["string", "integer", "number", "boolean"].map((type) => ({ name: "C", type, jsonPath })))
    const ours = columns.map((column) => {
      const cells = customCells(columnObject as KubeObject, { printerColumns: [column] } as unknown as ServedResource, 0)
      return cells.length === 1 ? { error: true } : cells[1]
    })
    expect(differences(ours, answerTo({ ask: "cells", object: columnObject, columns }) as ReadonlyArray<unknown>, columns)).toEqual([])
  })

  it("writes of several managers to a built-in object leave the same owners and conflicts", () => {
    const sessions = chances(60).map(anyBuiltinSession)
    const replies = askOracle(sessions.map((steps) => ({ ask: "session", kind: "configmaps", steps })))
    const theirs = replies.map(({ answer }) => (answer as ReadonlyArray<{ readonly code: number; readonly body: unknown }>))
    const pairs = sessions.map((steps, i) => {
      const ours = played(undefined, steps)
      // The libraries do not validate: what this server refuses for that ends the comparison.
      const end = ours.findIndex(({ code }, j) => code === 422 && theirs[i]![j]!.code < 300)
      const upTo = end < 0 ? ours.length : end
      return [ours.slice(0, upTo), theirs[i]!.slice(0, upTo).map(({ code, body }) => outcomeOf(code, body))] as const
    })
    expect(differences(pairs.map(([ours]) => ours), pairs.map(([, others]) => others), sessions)).toEqual([])
  })

  it.each([["schemas", false], ["rules", true]] as const)("custom objects become the same or are refused for the same reasons: %s", (_, rules) => {
    const all = chances(30).flatMap((chance) => writesOf(chance, rules))
    const replies = askOracle(all.map((writing) => ({ ask: "custom", ...writing })))
    const asked = all.filter((_, i) => (replies[i]!.answer as Written | undefined)?.object !== undefined)
    expect(differences(asked.map(written), replies.flatMap(({ answer }) => ((answer as Written | undefined)?.object === undefined ? [] : [writtenThere(answer as Written)])), asked)).toEqual([])
  })

  it("expressions compile and fail in the same words", () => {
    const all = readFileSync(new URL("expressions.txt", import.meta.url), "utf8").split("\n").filter((line, i) => line !== "" && (times > 1 || i % 5 === seed % 5))
    const asked = all.map((line) => ({ definition: expressionDefinition(line), object: expressionObject, old: expressionOld }))
    const replies = askOracle(asked.flatMap((writing) => [{ ask: "definition", definition: writing.definition }, { ask: "custom", ...writing }]))
    const theirs = asked.map((_, i) => {
      const refused = causeLines(replies[2 * i]!.answer as Written["causes"])
      return refused.length > 0 ? { refused } : writtenThere(replies[2 * i + 1]!.answer as Written)
    })
    const ours = asked.map((writing) => {
      const refused = refusedDefinition(writing.definition)
      return refused.length > 0 ? { refused } : written(writing)
    })
    expect(differences(ours, theirs, all)).toEqual([])
  })

  it("writes of several managers leave the same object, owners and conflicts", () => {
    const definition = definitionOf(sessionSpec, { status: sessionStatus })
    const sessions = chances(60).map(anySession)
    const replies = askOracle(sessions.map((steps) => ({ ask: "session", definition, steps })))
    const theirs = replies.map(({ answer }) => (answer as ReadonlyArray<{ readonly code: number; readonly body: unknown }>).map(({ code, body }) => outcomeOf(code, body)))
    expect(differences(sessions.map((steps) => played(definition, steps)), theirs, sessions)).toEqual([])
  })

  it("strategic patches give the same object or error", () => {
    const schema = Builtin.schemaOf("", "v1", "Pod")!
    const asked = chances(150).map((chance) => ({ ask: "strategic", kind: "Pod", object: anyPod(chance), patch: anyPodPatch(chance) }))
    // The original goes through the fields of a patch by chance, so several answers can be right.
    const replies = askOracle(asked.flatMap((question) => Array.from({ length: 6 }, () => question)))
    const hidden = /^(?:list element types|no elements|lists of lists|invalid|unable)/
    const different = asked.filter(({ object, patch }, i) => {
      const result = strategicPatch(structuredClone(object), structuredClone(patch), schema)
      const ours = JSON.stringify(result instanceof PatchError ? { error: result.message } : inOrder(result))
      return !replies.slice(i * 6, i * 6 + 6).some(({ answer }) => {
        const { error } = answer as { readonly error?: string }
        return JSON.stringify(inOrder(answer)) === ours || (error !== undefined && hidden.test(error) && ours.includes("the server rejected our request"))
      })
    })
    expect(different.slice(0, 3)).toEqual([])
  })

  it("quantities, selectors and names are read alike", () => {
    const words = (parts: ReadonlyArray<string>): ReadonlyArray<string> => chances(400).map((chance) => chance.list(6, () => chance.pick(parts)).join(""))
    const quantities = words(["0", "1", "5", "00", "123456789", "9223372036854775807", ".", "-", "m", "k", "M", "Ki", "Mi", "Ei", "E", "n", "u", "e3", "E-3", "x", " "])
    expect(differences(quantities.map((text) => Quantity.canonical(text) ?? { error: Quantity.problemOf(text) }),
      (answerTo({ ask: "quantity", texts: quantities }) as ReadonlyArray<{ text: string; error?: string }>).map(({ text, error }) => (error === undefined ? text : { error })), quantities)).toEqual([])
    const selectors = words(["a", "b.c/d", "=", "==", "!=", "!", ",", " in ", " notin ", "(a,b)", "()", "(a", ")", "x", " ", "-", ">", "<", "1", "a in (x, y)", "!z", "é"])
    expect(differences(selectors.map((text) => {
      const read = Selector.parseLabelSelector(text)
      return read._tag === "Success" ? Selector.formatLabelSelector(read.success) : { error: read.failure.message }
    }), answerTo({ ask: "selector", texts: selectors }) as ReadonlyArray<unknown>, selectors)).toEqual([])
    const names = words(["a", "b1", "-", ".", "/", "A", "_", "9", "..", "x".repeat(40), "y".repeat(220), "é"])
    expect(differences(names.map((text) => [subdomainErrors, dnsLabelErrors, dns1035Errors, qualifiedNameErrors, labelValueErrors].map((rule) => rule(text))),
      (answerTo({ ask: "names", texts: names }) as ReadonlyArray<Record<string, ReadonlyArray<string> | null>>).map((answer) =>
        ["subdomain", "label", "dns1035", "qualified", "value"].map((kind) => answer[kind] ?? [])), names)).toEqual([])
  })
})

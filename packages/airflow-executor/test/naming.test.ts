import { LabelSyntax } from "@fairlead/kube"
import { Effect, Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Datetime, datetimeToLabelSafeDatestring, isoformat, isSameDatetime, labelSafeDatestringToDatetime } from "../src/Datestring.ts"
import { makeSafeLabelValue, safeLabelValue } from "../src/LabelValue.ts"
import { labelsToKey } from "../src/LabelsToKey.ts"
import { addUniqueSuffix, createUniqueId, makeSafePodId, podNameOf, type PodNaming, stripUnsafeKubernetesSpecialChars } from "../src/PodName.ts"
import { annotationsToKey, providerSelector, taskKey } from "../src/TaskKey.ts"

const U = "0123456789abcdef0123456789abcdef"
const R = "abcd1234"
const podNamePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const isPodName = (name: string): boolean => name.length <= 253 && podNamePattern.test(name)
const isLabel = (value: string): boolean => LabelSyntax.valueProblems(value).length === 0

describe("strip", () => {
  it.each([
    [1, "my_dag_id", "mydagid"],
    [2, "my.dag.id", "mydagid"],
    [3, "MYDAGID", "mydagid"],
    [4, "my-task-id", "mytaskid"],
    [5, "", ""],
    [6, "---", ""],
    [7, "a b\tc", "abc"],
    [8, "Über-Dag", "überdag"],
    [9, "影師嗎", "影師嗎"],
    [10, "x²³", "x²³"],
    [11, "½", "½"],
    [12, "İx", "i\u0307x"]
  ])("vector %i: %s", (_, text, expected) => {
    expect(stripUnsafeKubernetesSpecialChars(text)).toBe(expected)
  })
})

const podId = (dag: string, task: string): string => makeSafePodId(stripUnsafeKubernetesSpecialChars(dag), stripUnsafeKubernetesSpecialChars(task), U)

describe("pod ids of Airflow 1.10", () => {
  it.each([
    [13, "dag", "task", `dagtask-${U}`, 40, true],
    [14, "my_dag_id", "my-task-id", `mydagidmytaskid-${U}`, 48, true],
    [15, "MYDAGID", "MYTASKID", `mydagidmytaskid-${U}`, 48, true],
    [16, "", "", `-${U}`, 33, false],
    [17, "---", "...", `-${U}`, 33, false],
    [18, "a".repeat(220), "b", `${"a".repeat(220)}-${U}`, 253, true],
    [19, "a".repeat(219), "b", `${"a".repeat(219)}b-${U}`, 253, true],
    [20, "a".repeat(100), "b".repeat(100), `${"a".repeat(100)}${"b".repeat(100)}-${U}`, 233, true],
    [21, "mydagid".repeat(200), "my_task_id".repeat(200), `${"mydagid".repeat(200).slice(0, 220)}-${U}`, 253, true],
    [22, "my_dág_id", "t", `mydágidt-${U}`, 41, false]
  ])("vector %i: %s, %s", (_, dag, task, expected, length, isValid) => {
    expect(podId(dag, task)).toBe(expected)
    expect(podId(dag, task)).toHaveLength(length)
    expect(isPodName(podId(dag, task))).toBe(isValid)
  })
})

describe("label values", () => {
  const a53 = "a".repeat(53)
  it.each([
    [23, "", "", true],
    [24, "my_dag_id", "my_dag_id", true],
    [25, `my_dag_id_${"a".repeat(64)}`, `my_dag_id_${"a".repeat(43)}-0ce114c45`, true],
    [26, "a".repeat(63), "a".repeat(63), true],
    [27, "a".repeat(64), `${a53}-014842d48`, true],
    [28, "a".repeat(254), `${a53}-dfde09457`, true],
    [29, "a".repeat(512), `${a53}-569073963`, true],
    [30, "---", "-9efc314b6", false],
    [31, "/", "-6666cd76f", false],
    [32, "a/b", "ab-a7e861365", true],
    [33, "a b", "ab-0cc9cd4dd", true],
    [34, "a:b", "ab-d8160c9b3", true],
    [35, ".a", "a-51be3512c", true],
    [36, "a.", "a-9fbcccf45", true],
    [37, "_a_", "a-7678510bd", true],
    [38, "-a-", "a-9ad117707", true],
    [39, "a.b-c_d", "a.b-c_d", true],
    [40, "my dag", "mydag-40365f84e", true],
    [41, "你好", "-7eca689f0", false],
    [42, "你好a", "a-1e34b0b01", true],
    [43, "影師嗎", "-a168bce6d", false],
    [44, "my_dág_id", "my_dg_id-7c334bc92", true],
    [45, "Компьютер", "-956d56adf", false],
    [46, "niedołężność", "niedono-bab83ee5f", true],
    [47, "a\n", "a-60b725f10", true],
    [48, " a", "a-952988da9", true],
    [48, "a ", "a-99020cb24", true],
    [49, `${"a".repeat(62)}.`, `${a53}-02cc75656`, true],
    [50, `${"x".repeat(52)}--${"y".repeat(30)}`, `${"x".repeat(52)}--de87a67c3`, true],
    // The digest is that of the text as it was given; the other one that circulates belongs to the line after it.
    [51, `${a53}/`, `${a53}-3929f5e31`, true],
    [51, `${"a".repeat(52)}./`, `${"a".repeat(52)}-0e4ab351d`, true],
    [52, "2019-01-01T00:00:00+00:00", "2019-01-01T0000000000-c96b89267", true],
    [53, "manual__2024-01-01T00:00:00+00:00", "manual__2024-01-01T0000000000-701821d7a", true],
    [54, "scheduled__2024-01-01T00:00:00+00:00", "scheduled__2024-01-01T0000000000-654f198ec", true],
    [55, "airflow@example.com", "airflowexample.com-4c93e2dea", true],
    [56, "é", "-66ddcd97c", false]
  ])("vector %i: %s", (_, text, expected, isValid) => {
    expect(makeSafeLabelValue(text)).toBe(expected)
    expect(isLabel(makeSafeLabelValue(text))).toBe(isValid)
    expect(isLabel(safeLabelValue(text))).toBe(true)
    if (isValid) expect(safeLabelValue(text)).toBe(expected)
  })
})

const date = (year: number, month: number, day: number, rest: Partial<Datetime> = {}): Datetime =>
  ({ year, month, day, hour: 0, minute: 0, second: 0, microsecond: 0, ...rest })
const decode = (text: string): Datetime => Result.getOrThrow(labelSafeDatestringToDatetime(text))

describe("dates", () => {
  it.each([
    [57, date(2019, 1, 1), "2019-01-01T00_00_00"],
    [58, date(2019, 1, 1, { offsetSeconds: 0 }), "2019-01-01T00_00_00_plus_00_00"],
    [59, date(2021, 4, 28, { hour: 20, minute: 55, second: 32, microsecond: 53_209, offsetSeconds: 0 }), "2021-04-28T20_55_32.053209_plus_00_00"],
    [60, date(2020, 2, 29, { hour: 23, minute: 59, second: 59, microsecond: 1, offsetSeconds: -19_800 }), "2020-02-29T23_59_59.000001-05_30"],
    [61, date(2020, 2, 29, { hour: 1, minute: 2, second: 3, offsetSeconds: 20_700 }), "2020-02-29T01_02_03_plus_05_45"],
    [62, date(1, 1, 1), "0001-01-01T00_00_00"]
  ])("vector %i", (_, value, text) => {
    expect(datetimeToLabelSafeDatestring(value)).toBe(text)
    expect(isLabel(text)).toBe(true)
    expect(decode(text)).toEqual(value)
  })

  it.each([
    [63, "2019-01-01T00_00_00-05_30", "2019-01-01T00:00:00-05:30"],
    [64, "2019-01-01", "2019-01-01T00:00:00"]
  ])("vector %i: %s", (_, text, iso) => {
    expect(isoformat(decode(text))).toBe(iso)
  })

  it("vector 65: garbage is refused", () => {
    expect(Result.isFailure(labelSafeDatestringToDatetime("garbage"))).toBe(true)
    expect(Result.isFailure(labelSafeDatestringToDatetime("2019-02-30T00_00_00"))).toBe(true)
  })

  it("any date survives the round trip, with an offset east, west or without one", () => {
    const dates = fc.record({
      year: fc.integer({ min: 1, max: 9999 }), month: fc.integer({ min: 1, max: 12 }), day: fc.integer({ min: 1, max: 28 }),
      hour: fc.integer({ min: 0, max: 23 }), minute: fc.integer({ min: 0, max: 59 }), second: fc.integer({ min: 0, max: 59 }),
      microsecond: fc.integer({ min: 0, max: 999_999 }), offsetSeconds: fc.integer({ min: -86_399, max: 86_399 })
    }, { requiredKeys: ["year", "month", "day", "hour", "minute", "second", "microsecond"] })
    fc.assert(fc.property(dates, (value) => {
      const text = datetimeToLabelSafeDatestring(value as Datetime)
      expect(decode(text)).toEqual(value)
      expect(isLabel(text)).toBe(true)
    }))
  })

  it("the same moment in two zones is one date", () => {
    expect(isSameDatetime(decode("2019-12-31T23_00_00-01_00"), decode("2020-01-01T00_00_00_plus_00_00"))).toBe(true)
    expect(isSameDatetime(decode("2019-12-31T23_00_00"), decode("2019-12-31T23_00_00_plus_00_00"))).toBe(false)
  })
})

describe("keys", () => {
  const instances = [{ dagId: "my dag", taskId: "t", executionDate: "2019-01-01T00:00:00+00:00" }]
  const find = (labels: { readonly [name: string]: string }) => Effect.runSync(labelsToKey(labels, () => Effect.succeed(instances)))
  const labels = { dag_id: "mydag-40365f84e", task_id: "t", execution_date: "2019-01-01T00_00_00_plus_00_00" }

  it("vector 66: a try number that is none counts as the first", () => {
    expect(find({ ...labels, try_number: "abc" })).toEqual(taskKey("my dag", "t", "2019-01-01T00:00:00+00:00", 1))
    expect(find({ ...labels, try_number: "3" })?.tryNumber).toBe(3)
    expect(find(labels)?.tryNumber).toBe(1)
  })

  it("vector 67 and vector 65: without task_id or date, or without such a task instance, there is no key", () => {
    const { task_id: _, ...rest } = labels
    expect(find(rest)).toBeUndefined()
    expect(find({ ...labels, execution_date: "garbage" })).toBeUndefined()
    expect(find({ ...labels, dag_id: "other" })).toBeUndefined()
  })

  const annotations = { dag_id: "d", task_id: "t", run_id: "r", try_number: "1" }

  it("vectors 68 and 69: annotations hold the ids as they are", () => {
    expect(Result.getOrThrow(annotationsToKey(annotations))).toEqual(taskKey("d", "t", "r", 1, -1))
    expect(Result.getOrThrow(annotationsToKey({ ...annotations, map_index: "0" }))).toEqual(taskKey("d", "t", "r", 1, 0))
  })

  it("vector 70: a missing and an unreadable try number are refused, as are missing ids", () => {
    const problem = (marks: { readonly [name: string]: string } | undefined) => Result.getOrThrow(Result.flip(annotationsToKey(marks))).message
    const { try_number: _, ...rest } = annotations
    expect(problem(rest)).toBe("the annotation try_number is missing")
    expect(problem({ ...annotations, try_number: "x" })).toBe(`the annotation try_number is "x", which is no whole number`)
    expect(problem(undefined)).toBe("the annotation dag_id is missing")
  })
})

describe("names of the provider", () => {
  it.each([
    [71, "dag_id", "task_id", "dag-id-task-id"],
    [72, ".dag.id", ".---task.id", "dag-id-task-id"],
    [73, "-90Abc*&", "-90Abc*&", "90abc-90abc"],
    [74, "90AçLbˆˆç˙ßß˜˜˙c*a", "", "90aclb-c-ssss-c-a"],
    [75, "Компьютер", "niedołężność", "kompiuter-niedoleznosc"],
    [76, "影師嗎", "中華民國;$", "ying-shi-ma-zhong-hua-min-guo"],
    [77, "1,000", "t", "1000-t"],
    [78, "0".repeat(254), "", "0".repeat(63)]
  ])("vector %i: %s", (_, dag, task, expected) => {
    expect(createUniqueId(dag, task)).toBe(expected)
  })

  it.each([
    [79, "0".repeat(254), "", `${"0".repeat(54)}-${R}`, 63],
    [80, "a".repeat(54), "b", `${"a".repeat(54)}-${R}`, 63],
    [81, "a".repeat(53), "b", `${"a".repeat(53)}-${R}`, 62],
    [82, "$$$", "", `-${R}`, 9],
    [82, "！！", "??", `-${R}`, 9]
  ])("vector %i: %s, with a suffix", (_, dag, task, expected, length) => {
    expect(createUniqueId(dag, task, R)).toBe(expected)
    expect(createUniqueId(dag, task, R)).toHaveLength(length)
  })

  it("vector 83: two empty ids are refused", () => {
    expect(() => createUniqueId("", "")).toThrow(RangeError)
  })

  it.each([
    [84, "pod-name-with-hyphen-dot-.", `pod-name-with-hyphen-dot-${R}`],
    [85, "a".repeat(70), `${"a".repeat(54)}-${R}`],
    [86, ".x.", `x-${R}`],
    [87, "", `-${R}`],
    [87, "-", `-${R}`]
  ])("vector %i: %s gets a suffix", (_, name, expected) => {
    expect(addUniqueSuffix(name, R)).toBe(expected)
  })

  it("vector 88: selectors are sorted by name", () => {
    expect(providerSelector({ ...taskKey("dag", "task", "r"), worker: "5" }))
      .toBe("airflow-worker=5,dag_id=dag,kubernetes_executor=True,run_id=r,task_id=task,try_number=1")
    expect(providerSelector(taskKey("dag", "task", "r"))).toMatch(/try_number=1,airflow-worker$/)
  })
})

describe("for every text", () => {
  const texts = fc.oneof(fc.string({ unit: "binary", maxLength: 80 }), fc.string({ unit: "grapheme", maxLength: 400 }), fc.string({ unit: "grapheme-ascii", maxLength: 2000 }))
  const names = (naming: PodNaming, dagId: string, taskId: string) => podNameOf(naming, { dagId, taskId, identity: "run/0" })

  it("safe names and labels are valid", () => {
    fc.assert(fc.property(texts, texts, (dag, task) => {
      const name = names("safe", dag, task)
      expect(name.length).toBeLessThanOrEqual(63)
      expect(isPodName(name)).toBe(true)
      expect(isLabel(safeLabelValue(dag))).toBe(true)
    }), { numRuns: 500 })
  })

  it("names follow from the identity: equal for the same launch, different for another", () => {
    for (const naming of ["contrib", "provider", "safe"] as const) {
      expect(names(naming, "d", "t")).toBe(names(naming, "d", "t"))
      expect(podNameOf(naming, { dagId: "d", taskId: "t", identity: "run/1" })).not.toBe(names(naming, "d", "t"))
    }
    expect(names("provider", "my_dag", "t")).toMatch(/^my-dag-t-[a-z0-9]{8}$/)
    expect(names("contrib", "my_dag", "t")).toMatch(/^mydagt-[0-9a-f]{32}$/)
  })
})

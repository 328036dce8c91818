import { Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Literals from "../src/Literals.ts"
import * as Templating from "../src/Templating.ts"

const context: Templating.TemplateContext = {
  paths: {
    inputPrefix: "s3://in",
    outputPrefix: "s3://out/a0/1",
    rawOutputPrefix: "s3://raw",
    checkpointPrefix: "s3://raw/_flytecheckpoints",
    previousCheckpointPrefix: undefined
  },
  generatedName: "33 per retry-unique-key",
  namespace: "test-namespace",
  inputs: Literals.literalMap({
    arr: Literals.collection([Literals.collection([Literals.string("a"), Literals.string("b")]), Literals.collection([Literals.integer(1), Literals.integer(2)])]),
    ds: Literals.datetime({ seconds: -2208985139n, nanos: 1 }),
    table: Literals.string("my_table"),
    min: Literals.integer(15),
    dollar: Literals.string("$1 $& {{.namespace}}"),
    object: Literals.struct({})
  })
}

const render = (args: ReadonlyArray<string>, more: Partial<Templating.TemplateContext> = {}) => Templating.render(args, { ...context, ...more })
const one = (argument: string, more: Partial<Templating.TemplateContext> = {}) => Result.getOrThrow(render([argument], more))[0]

describe("render", () => {
  it.each([
    ["hello", "hello"],
    ["{{ .Input }}", "s3://in/inputs.pb"],
    ["{{$input}}", "s3://in/inputs.pb"],
    ["--something={{       .Input}}", "--something=s3://in/inputs.pb"],
    ["{{ .inputprefix }}", "s3://in"],
    ["{{ .OutputPrefix }}", "s3://out/a0/1"],
    ["--switch {{ .rawOutputDataPrefix }}", "--switch s3://raw"],
    ["{{ $RawOutputDataPrefix }}", "s3://raw"],
    ["--prev={{ .PrevCheckpointPrefix }}", '--prev=""'],
    ["--checkpoint={{ .checkpointoutputprefix }}", "--checkpoint=s3://raw/_flytecheckpoints"],
    ["{{ .PerretryuNIqueKey }}", "aper_retry_unique_key"],
    ["{{.Namespace}}", "test-namespace"],
    ["--someArg {{ .Inputs.arr }}", "--someArg [[a,b],[1,2]]"],
    ["{{.inputs.ds}}", "1900-01-01T01:01:01.000000001Z"],
    ["select * from {{ .Inputs.table }} where min = {{ .Inputs.min }}", "select * from my_table where min = 15"]
  ])("fills in %s", (argument, expected) => {
    expect(one(argument)).toBe(expected)
  })

  it.each([
    "${{input}}",
    "{{input}}",
    "{$input}}",
    "{.OutputPrefix}}",
    "{{ .wrongOutputDataPrefix }}",
    "{{ .Inputs.blah blah }}",
    "{{ .Inputs }}",
    "{{}}",
    ""
  ])("leaves %j as it is", (argument) => {
    expect(one(argument)).toBe(argument)
  })

  it("leaves templates of inputs as they are when there are no inputs at hand", () => {
    expect(one("{{ .Inputs.arr }} {{.Namespace}}", { inputs: undefined })).toBe("{{ .Inputs.arr }} test-namespace")
  })

  it("renders the previous checkpoint when there is one", () => {
    expect(one("{{.PrevCheckpointPrefix}}", { paths: { ...context.paths, previousCheckpointPrefix: "s3://prev" } })).toBe("s3://prev")
  })

  it("fills in a namespace that is embedded in a prefix", () => {
    expect(one("{{ .rawoutputdataprefix }}", { paths: { ...context.paths, rawOutputPrefix: "s3://raw/{{ .Namespace}}" } })).toBe("s3://raw/test-namespace")
  })

  it("puts values in as they are: no references to groups, no templates inside inputs", () => {
    expect(one("a {{.Inputs.dollar}} b")).toBe("a $1 $& {{.namespace}} b")
    expect(one("{{.OutputPrefix}}", { paths: { ...context.paths, outputPrefix: "s3://b/$1$&$$" } })).toBe("s3://b/$1$&$$")
  })

  it("gives no arguments for none", () => {
    expect(render([])).toEqual(Result.succeed([]))
  })

  it("tells every input that it cannot fill in", () => {
    const error = render(["{{.Inputs.nope}} {{ .Inputs.object }}", "{{.inputs.constructor}}"]).pipe(Result.flip, Result.getOrThrow)
    expect(error.problems).toEqual([
      '{{.Inputs.nope}} asks for an input "nope" that does not exist; the inputs are arr, dollar, ds, min, object, table',
      "{{ .Inputs.object }}: a value of kind generic has no text for an argument; let the task read it from its folder of inputs",
      '{{.inputs.constructor}} asks for an input "constructor" that does not exist; the inputs are arr, dollar, ds, min, object, table'
    ])
    expect(error.message).toContain("; ")
  })

  it("needs the path of the template only when an argument asks for it", () => {
    expect(one("{{ .taskTemplatePath }}", { taskTemplatePath: "s3://task.pb" })).toBe("s3://task.pb")
    const error = render(["-t {{ .TaskTemplatePath }}"]).pipe(Result.flip, Result.getOrThrow)
    expect(error.message).toBe('"-t {{ .TaskTemplatePath }}" asks for the path of the task\'s template, which is not stored as a file')
  })

  it("changes nothing in arguments without braces", () => {
    fc.assert(fc.property(fc.array(fc.string().filter((it) => !it.includes("{{"))), (args) => {
      expect(Result.getOrThrow(render(args))).toEqual(args)
    }))
  })
})

describe("usesInputs", () => {
  it("is true exactly when an argument names an input", () => {
    expect(Templating.usesInputs(["a", "{{ $INPUTS.x }}"])).toBe(true)
    expect(Templating.usesInputs(["{{.Input}}", "{{ .Inputs.x y }}"])).toBe(false)
  })
})

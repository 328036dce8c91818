import { create } from "@bufbuild/protobuf"
import { Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Copilot from "../src/Copilot.ts"
import { DataLoadingConfigSchema, TaskTemplateSchema, TypedInterfaceSchema } from "../src/idl/core.generated.ts"
import * as LiteralTypes from "../src/LiteralTypes.ts"
import * as Wire from "../src/Wire.ts"

const inputs = LiteralTypes.variables([{ name: "x", type: LiteralTypes.fromName("integer") }])
const typed = create(TypedInterfaceSchema, { inputs, outputs: LiteralTypes.variables([{ name: "o", type: LiteralTypes.fromName("string") }]) })

const command = (args: ReadonlyArray<string>): Copilot.Command => Result.getOrThrow(Copilot.parse(args))
const refusal = (args: ReadonlyArray<string>): string => Result.getOrThrow(Result.flip(Copilot.parse(args))).message

describe("arguments", () => {
  it("downloadArguments are Flyte's, in Flyte's order", () => {
    expect(
      Copilot.downloadArguments({ fromRemote: "s3://in/inputs.pb", toOutputPrefix: "s3://out", toLocalDir: "/var/flyte/inputs", format: "JSON", layout: "DIRECT", interface: inputs })
    ).toEqual([
      "download", "--from-remote", "s3://in/inputs.pb", "--to-output-prefix", "s3://out", "--to-local-dir", "/var/flyte/inputs",
      "--format", "JSON", "--file-input-layout", "DIRECT", "--input-interface", "CgkKAXgSBAoCCAE="
    ])
  })

  it("sidecarArguments are Flyte's, in Flyte's order", () => {
    const args = Copilot.sidecarArguments({ toOutputPrefix: "s3://out", toRawOutput: "s3://raw", fromLocalDir: "/var/flyte/outputs", timeoutMillis: 3_600_000, interface: typed })
    expect(args.slice(0, -1)).toEqual([
      "sidecar", "--timeout", "1h0m0s", "--to-raw-output", "s3://raw", "--to-output-prefix", "s3://out", "--from-local-dir", "/var/flyte/outputs", "--interface"
    ])
    expect(Result.getOrThrow(Wire.decodeBase64(TypedInterfaceSchema, args.at(-1)!))).toEqual(typed)
  })

  it("parse reads back what was written", () => {
    const text = fc.string({ minLength: 1 })
    const download = fc.record({ fromRemote: text, toOutputPrefix: text, toLocalDir: text, format: fc.constantFrom("JSON", "YAML", "PROTO"), layout: fc.constantFrom("DIRECT", "NAMED_DIR") })
    const sidecar = fc.record({ toOutputPrefix: text, toRawOutput: text, fromLocalDir: text, timeoutMillis: fc.integer({ min: 1, max: 10 ** 9 }) })
    fc.assert(fc.property(download, sidecar, (forDownload, forSidecar) => {
      expect(command(Copilot.downloadArguments({ ...forDownload, interface: inputs }))).toEqual({
        _tag: "Download",
        options: { ...forDownload, timeoutMillis: 3_600_000, errorName: "error.pb", interface: inputs }
      })
      expect(command(Copilot.sidecarArguments({ ...forSidecar, interface: typed, errorName: "e.pb" }))).toEqual({
        _tag: "Sidecar",
        options: { ...forSidecar, outputsName: "outputs.pb", errorName: "e.pb", interface: typed }
      })
    }))
  })
})

describe("parse", () => {
  it("takes short flags, flags with =, and passes over the flags of Flyte's storage", () => {
    expect(command([
      "--storage.limits.maxDownloadMBs=0", "--logger.level=4", "--storage.enable-multicontainer", "--storage.stow.config", "region=us",
      "--config", "/etc/flyte/*.yaml", "download", "-f", "s3://in", "--to-output-prefix=s3://out", "-o", "/in", "-m=PROTO", "-t", "90s", "-d", "DOWNLOAD_EAGER"
    ])).toMatchObject({ _tag: "Download", options: { fromRemote: "s3://in", toOutputPrefix: "s3://out", toLocalDir: "/in", format: "PROTO", timeoutMillis: 90_000 } })
  })

  it("gives the sidecar Flyte's settings where it names none", () => {
    expect(command(["sidecar", "-o", "s3://out", "-f", "/out"])).toEqual({
      _tag: "Sidecar",
      options: {
        toOutputPrefix: "s3://out", toRawOutput: "s3://out", fromLocalDir: "/out", timeoutMillis: 3_600_000,
        outputsName: "outputs.pb", errorName: "error.pb", interface: undefined
      }
    })
  })

  it("takes the old name of the sidecar's timeout, and watchers that it does not need", () => {
    expect(command(["sidecar", "-o", "s3://out", "-f", "/out", "--start-timeout", "0", "--start-watcher-type", "signal"])).toMatchObject({ options: { timeoutMillis: 0 } })
  })

  it.each<[ReadonlyArray<string>, string]>([
    [[], "copilot: expected download or sidecar, got nothing"],
    [["upload"], "copilot: expected download or sidecar, got upload"],
    [["download"], "copilot: download: --from-remote is required"],
    [["download", "extra", "-f", "x"], 'copilot: download: unexpected argument "extra"'],
    [["download", "--frm", "x"], "copilot: download: unknown flag --frm; known are --from-remote, "],
    [["download", "-q", "x"], "copilot: download: unknown flag -q; known are "],
    [["download", "--from-remote"], "copilot: download: flag --from-remote needs a value"],
    [["download", "-f", "a", "--to-output-prefix", "b", "-o", "c", "-m", "XML"], 'copilot: download: --format is "XML"; it can be JSON, YAML, PROTO'],
    [["download", "-f", "a", "--to-output-prefix", "b", "-o", "c", "-t", "soon"], 'copilot: download: --timeout is "soon"; write it as 90s or 1h'],
    [["download", "-f", "a", "--to-output-prefix", "b", "-o", "c", "-i", "?"], "copilot: download: --input-interface: 1 bytes are no core.VariableMap: the text is not base64"],
    [["sidecar", "-o", "a"], "copilot: sidecar: --from-local-dir is required"]
  ])("refuses %j", (args, expected) => {
    expect(refusal(args)).toContain(expected)
  })
})

describe("plan", () => {
  const template = (dataConfig: object | undefined) =>
    create(TaskTemplateSchema, { interface: typed, target: { case: "container", value: dataConfig === undefined ? {} : { dataConfig } } })

  it("is nothing without a data config that is enabled, or without an interface", () => {
    expect(Copilot.plan(template(undefined))).toBeUndefined()
    expect(Copilot.plan(template({ enabled: false }))).toBeUndefined()
    expect(Copilot.plan(create(TaskTemplateSchema, { target: { case: "container", value: { dataConfig: { enabled: true } } } }))).toBeUndefined()
    expect(Copilot.plan(create(TaskTemplateSchema, { interface: typed, target: { case: "sql", value: {} } }))).toBeUndefined()
  })

  it("names the folders, by default Flyte's", () => {
    expect(Copilot.plan(template({ enabled: true }))).toMatchObject({ inputPath: "/var/flyte/inputs", outputPath: "/var/flyte/outputs" })
    expect(Copilot.plan(template({ enabled: true, inputPath: "/in", outputPath: "/out" }))).toMatchObject({ inputPath: "/in", outputPath: "/out" })
  })
})

describe("dataConfig", () => {
  it("carries the layout in a field that the published descriptors do not have yet", () => {
    const bytes = Wire.encode(DataLoadingConfigSchema, Copilot.dataConfig({ layout: "named", format: "proto" }))
    expect([...bytes]).toEqual([0x08, 1, 0x20, 2, 0x30, 1])
    const again = Result.getOrThrow(Wire.decode(DataLoadingConfigSchema, bytes))
    expect([Copilot.layoutOf(again), Copilot.formatOf(again)]).toEqual(["NAMED_DIR", "PROTO"])
  })

  it("is direct and JSON unless told otherwise", () => {
    const config = Copilot.dataConfig()
    expect([config.enabled, Copilot.layoutOf(config), Copilot.formatOf(config)]).toEqual([true, "DIRECT", "JSON"])
  })
})

/**
 * Writes `src/idl/*.generated.ts` from the descriptors in `@flyteorg/flyteidl2`.
 *
 * That package ships TypeScript sources only, which neither Node (below `node_modules`) nor a type check under our
 * flags accepts. What matters in it is the wire format: the descriptors. They are taken out as data, and the types are
 * written from them. Run with `node packages/core/scripts/generateIdl.ts`; a test compares the result with the files.
 */
import { createFileRegistry, fromBinary, ScalarType, toBinary, type DescField, type DescMessage, type DescOneof } from "@bufbuild/protobuf"
import { FileDescriptorProtoSchema, FileDescriptorSetSchema, type DescriptorProto, type FileDescriptorProto } from "@bufbuild/protobuf/wkt"
import * as wkt from "@bufbuild/protobuf/wkt"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const packageRoot = fileURLToPath(new URL("../node_modules/@flyteorg/flyteidl2/", import.meta.url))
const outRoot = fileURLToPath(new URL("../src/idl/", import.meta.url))

/** What a generated module holds: everything that these files lead to, or only what `only` needs of it. */
interface Module {
  readonly files: ReadonlyArray<string>
  /** Full names of messages. */
  readonly only?: ReadonlyArray<string>
  /** Full names of services, with the messages of their methods; needs `only`. */
  readonly services?: ReadonlyArray<string>
}

const modules: Record<string, Module> = {
  core: {
    files: [
      "flyteidl2/core/tasks.proto",
      "flyteidl2/core/literals.proto",
      "flyteidl2/core/execution.proto",
      "flyteidl2/core/catalog.proto",
      "flyteidl2/core/interface.proto",
      "flyteidl2/core/types.proto",
      "flyteidl2/core/security.proto"
    ]
  },
  workflow: {
    files: ["flyteidl2/workflow/events_proxy_service.proto", "flyteidl2/workflow/run_definition.proto"],
    only: ["flyteidl2.workflow.RecordRequest", "flyteidl2.workflow.RecordResponse", "flyteidl2.workflow.ConditionAction"]
  },
  cacheservice: {
    files: ["flyteidl2/cacheservice/v2/cacheservice.proto"],
    only: ["GetCache", "PutCache", "DeleteCache", "GetOrExtendReservation", "ReleaseReservation"].flatMap((call) =>
      [`flyteidl2.cacheservice.v2.${call}Request`, `flyteidl2.cacheservice.${call}Response`]),
    services: ["flyteidl2.cacheservice.v2.CacheService"]
  },
  connector: {
    files: ["flyteidl2/connector/service.proto"],
    only: [],
    services: ["flyteidl2.connector.AsyncConnectorService", "flyteidl2.connector.ConnectorMetadataService"]
  }
}

/** Validation rules ride in options; the files that define them are of no use on the wire. */
const dropped = new Set(["buf/validate/validate.proto"])

const wellKnown = new Map(
  Object.entries(wkt)
    .filter(([name]) => name.startsWith("file_google_protobuf_"))
    .map(([, file]) => (file as { proto: FileDescriptorProto }).proto)
    .map((proto) => [proto.name, proto])
)

const load = (name: string): FileDescriptorProto => {
  const known = wellKnown.get(name)
  if (known !== undefined) return known
  const source = readFileSync(`${packageRoot}${name.replace(/\.proto$/, "_pb.ts")}`, "utf8")
  const encoded = /fileDesc\("([A-Za-z0-9+/=]+)"/.exec(source)?.[1]
  if (encoded === undefined) throw new Error(`no descriptor found in ${name}: has the layout of @flyteorg/flyteidl2 changed?`)
  const proto = fromBinary(FileDescriptorProtoSchema, Buffer.from(encoded, "base64"))
  // The generator leaves the dependencies out of the bytes and passes them beside; the imports name them.
  if (proto.dependency.length === 0) {
    proto.dependency = [...source.matchAll(/import \{[^}]*\bfile_([a-z0-9_]+)\b[^}]*\} from "([^"]+)"/g)].map((match) => dependencyOf(name, match[2]!))
    for (const match of source.matchAll(/import \{([^}]*)\} from "@bufbuild\/protobuf\/wkt"/g)) {
      proto.dependency = proto.dependency.filter((it) => it !== "@wkt")
      for (const file of match[1]!.matchAll(/file_google_protobuf_(\w+)/g)) proto.dependency.push(`google/protobuf/${file[1]}.proto`)
    }
  }
  proto.dependency = proto.dependency.filter((it) => !dropped.has(it))
  proto.messageType.forEach(nameForJson)
  return proto
}

/** The bytes leave out JSON names that follow from the field name; a plain registry needs them. */
const nameForJson = (message: DescriptorProto): void => {
  for (const field of message.field) {
    if (field.jsonName === "") field.jsonName = field.name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  }
  message.nestedType.forEach(nameForJson)
}

const dependencyOf = (from: string, path: string): string => {
  if (path.startsWith("@bufbuild")) return "@wkt"
  return new URL(path, `proto:///${from}`).pathname.slice(1).replace(/_pb\.ts$/, ".proto")
}

const closure = (entries: ReadonlyArray<string>): ReadonlyArray<FileDescriptorProto> => {
  const seen = new Map<string, FileDescriptorProto>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    const proto = load(name)
    proto.dependency.forEach(visit)
    seen.set(name, proto)
  }
  entries.forEach(visit)
  return [...seen.values()]
}

/** Every message and enum of the files by full name, with the names of the types that it refers to. */
const references = (files: ReadonlyArray<FileDescriptorProto>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const found = new Map<string, ReadonlyArray<string>>()
  const visit = (scope: string, message: DescriptorProto): void => {
    const name = `${scope}.${message.name}`
    found.set(name, message.field.map((field) => field.typeName.slice(1)).filter((it) => it !== ""))
    message.nestedType.forEach((nested) => visit(name, nested))
  }
  for (const file of files) file.messageType.forEach((message) => visit(file.package, message))
  return found
}

/** Leaves of the files only what the messages in `roots` need. A message that only holds a needed one stays as an empty shell. */
const prune = (files: ReadonlyArray<FileDescriptorProto>, messages: ReadonlyArray<string>, services: ReadonlyArray<string>): ReadonlyArray<FileDescriptorProto> => {
  const isKept = (file: FileDescriptorProto, name: string): boolean => services.includes(`${file.package}.${name}`)
  const methods = files.flatMap((file) => file.service.filter((it) => isKept(file, it.name)).flatMap((it) => it.method))
  const roots = [...messages, ...methods.flatMap((it) => [it.inputType.slice(1), it.outputType.slice(1)])]
  const graph = references(files)
  const needed = new Set<string>()
  const visit = (name: string): void => {
    if (needed.has(name)) return
    needed.add(name)
    graph.get(name)?.forEach(visit)
  }
  for (const root of roots) {
    if (!graph.has(root)) throw new Error(`there is no message ${root}: has it been renamed in @flyteorg/flyteidl2?`)
    visit(root)
  }
  const keep = (scope: string, message: DescriptorProto): boolean => {
    const name = `${scope}.${message.name}`
    message.nestedType = message.nestedType.filter((nested) => keep(name, nested))
    message.enumType = message.enumType.filter((it) => needed.has(`${name}.${it.name}`))
    if (needed.has(name)) return true
    message.field = []
    message.oneofDecl = []
    return message.nestedType.length > 0 || message.enumType.length > 0
  }
  for (const file of files) {
    if (file.package.startsWith("google.")) continue
    file.messageType = file.messageType.filter((message) => keep(file.package, message))
    file.enumType = file.enumType.filter((it) => needed.has(`${file.package}.${it.name}`))
    file.service = file.service.filter((it) => isKept(file, it.name))
  }
  const used = files.filter((file) => file.messageType.some((it) => needed.has(`${file.package}.${it.name}`) || it.nestedType.length > 0) || file.enumType.length > 0 || file.service.length > 0)
  const names = new Set(used.map((file) => file.name))
  for (const file of used) file.dependency = file.dependency.filter((it) => names.has(it))
  return used
}

const scalars: Partial<Record<ScalarType, string>> = {
  [ScalarType.BOOL]: "boolean", [ScalarType.STRING]: "string", [ScalarType.BYTES]: "Uint8Array",
  [ScalarType.INT64]: "bigint", [ScalarType.UINT64]: "bigint", [ScalarType.SINT64]: "bigint",
  [ScalarType.FIXED64]: "bigint", [ScalarType.SFIXED64]: "bigint"
}
const scalar = (type: ScalarType): string => scalars[type] ?? "number"

/** Messages of a package with a version in its name carry it in front, for they may be called like those of another one. */
const localName = (typeName: string): string => {
  const version = /\.(v\d+)\.[A-Z]/.exec(typeName)?.[1] ?? ""
  return version.toUpperCase() + typeName.split(".").filter((part) => /^[A-Z]/.test(part)).join("_")
}
const messageType = (message: DescMessage): string => {
  switch (message.typeName) {
    case "google.protobuf.Struct": return "JsonObject"
    case "google.protobuf.Timestamp": return "Timestamp"
    case "google.protobuf.Duration": return "Duration"
    case "google.protobuf.BoolValue": return "boolean"
    default: return localName(message.typeName)
  }
}

const valueType = (field: DescField): string => {
  switch (field.fieldKind) {
    case "scalar": return scalar(field.scalar)
    case "enum": return localName(field.enum.typeName)
    case "message": return messageType(field.message)
    case "list":
      return `Array<${field.listKind === "scalar" ? scalar(field.scalar) : field.listKind === "enum" ? localName(field.enum.typeName) : messageType(field.message)}>`
    case "map":
      return `{ [key: string]: ${field.mapKind === "scalar" ? scalar(field.scalar) : field.mapKind === "enum" ? localName(field.enum.typeName) : messageType(field.message)} }`
  }
}

const member = (it: DescField | DescOneof): string => {
  if (it.kind === "oneof") {
    const cases = it.fields.map((field) => `{ case: "${field.localName}"; value: ${valueType(field)} }`)
    return `  ${it.localName}: ${[...cases, "{ case: undefined; value?: undefined }"].join(" | ")}`
  }
  const mark = it.fieldKind === "message" || (it.proto.proto3Optional) ? "?" : ""
  return `  ${it.localName}${mark}: ${valueType(it)}${mark === "?" ? " | undefined" : ""}`
}

const emit = ({ files: entries, only, services = [] }: Module): string => {
  const files = only === undefined ? closure(entries) : prune(closure(entries), only, services)
  const set = { $typeName: "google.protobuf.FileDescriptorSet" as const, file: [...files] }
  const registry = createFileRegistry(set)
  const lines: Array<string> = [
    "// Generated by scripts/generateIdl.ts from @flyteorg/flyteidl2. Do not edit.",
    'import { createFileRegistry, fromBinary, type JsonObject, type Message } from "@bufbuild/protobuf"',
    `import type { GenMessage${services.length === 0 ? "" : ", GenService"} } from "@bufbuild/protobuf/codegenv2"`,
    'import { base64Decode } from "@bufbuild/protobuf/wire"',
    'import { FileDescriptorSetSchema, type Duration, type Timestamp } from "@bufbuild/protobuf/wkt"',
    "",
    "const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, base64Decode(",
    [...Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString("base64").matchAll(/.{1,118}/g)].map((m) => `  "${m[0]}"`).join(" +\n"),
    ")))",
    "const message = <A extends Message>(name: string): GenMessage<A> => registry.getMessage(name) as GenMessage<A>",
    ""
  ]
  for (const type of registry) {
    if (type.kind === "message" && !type.typeName.startsWith("google.")) {
      const name = localName(type.typeName)
      lines.push(`export type ${name} = Message<"${type.typeName}"> & {`, ...type.members.map(member), "}")
      lines.push(`export const ${name}Schema: GenMessage<${name}> = message("${type.typeName}")`, "")
    }
    if (type.kind === "enum" && !type.typeName.startsWith("google.")) {
      const name = localName(type.typeName)
      lines.push(`export const ${name} = {`, type.values.map((value) => `  ${value.localName}: ${value.number}`).join(",\n"), "} as const")
      lines.push(`export type ${name} = (typeof ${name})[keyof typeof ${name}]`, "")
    }
  }
  for (const name of services) {
    const service = registry.getService(name)
    if (service === undefined) throw new Error(`there is no service ${name}: has it been renamed in @flyteorg/flyteidl2?`)
    const methods = service.methods.map((it) => `  ${it.localName}: { methodKind: "${it.methodKind}"; input: typeof ${localName(it.input.typeName)}Schema; output: typeof ${localName(it.output.typeName)}Schema }`)
    lines.push(`export const ${localName(name)} = registry.getService("${name}") as GenService<{`, methods.join("\n"), "}>", "")
  }
  return `${lines.join("\n").trimEnd()}\n`
}

/** Every generated file with its text, by module name. */
export const generated = (): ReadonlyArray<readonly [path: string, text: string]> =>
  Object.entries(modules).map(([name, module]) => [`${outRoot}${name}.generated.ts`, emit(module)])

if (import.meta.main) for (const [path, text] of generated()) writeFileSync(path, text)

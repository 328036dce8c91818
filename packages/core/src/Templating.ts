/** Templates in commands and arguments, such as `{{.inputs.x}}` and `{{ .OutputPrefix }}`, filled in as Flyte does. */
import { Data, Result } from "effect"
import type { LiteralMap } from "./idl/core.generated.ts"
import * as LiteralText from "./LiteralText.ts"
import * as Names from "./Names.ts"
import type { TaskPaths } from "./Plugin.ts"

/** Arguments that cannot be filled in; every fault is a sentence that quotes the template. */
export class TemplateInvalid extends Data.TaggedError("TemplateInvalid")<{ readonly problems: ReadonlyArray<string> }> {
  override get message(): string {
    return this.problems.join("; ")
  }
}

/** What templates can be filled with. */
export interface TemplateContext {
  readonly paths: TaskPaths
  /** Name of the launched object; `PerRetryUniqueKey` comes from it. */
  readonly generatedName: string
  readonly namespace: string
  /** `undefined` leaves templates of inputs as they are. */
  readonly inputs: LiteralMap | undefined
  /** URI of the serialized template; only needed when an argument asks for it. */
  readonly taskTemplatePath?: string | undefined
}

const space = "[\\t\\n\\f\\r ]*"
const template = (name: string): RegExp => new RegExp(`\\{\\{${space}[.$]${name}${space}\\}\\}`, "gi")

const inputTemplate = template("Inputs\\.([^}\\s]+)")
const taskTemplatePath = template("TaskTemplatePath")

/**
 * Order matters: each value may itself hold templates of the later ones, and people embed the namespace in prefixes.
 * Values are put in as they are; `$1` in a path is no reference to anything.
 */
const replacements: ReadonlyArray<readonly [RegExp, (context: TemplateContext) => string]> = [
  [template("Input"), ({ paths }) => `${paths.inputPrefix}/inputs.pb`],
  [template("OutputPrefix"), ({ paths }) => paths.outputPrefix],
  [template("InputPrefix"), ({ paths }) => paths.inputPrefix],
  [template("RawOutputDataPrefix"), ({ paths }) => paths.rawOutputPrefix],
  [template("PrevCheckpointPrefix"), ({ paths }) => paths.previousCheckpointPrefix || '""'],
  [template("CheckpointOutputPrefix"), ({ paths }) => paths.checkpointPrefix],
  [template("PerRetryUniqueKey"), ({ generatedName }) => Names.perRetryUniqueKey(generatedName)],
  [taskTemplatePath, (context) => context.taskTemplatePath ?? ""],
  [template("Namespace"), ({ namespace }) => namespace]
]

/** True when filling in these arguments needs the inputs, so that they are read only then. */
export const usesInputs = (args: ReadonlyArray<string>): boolean => args.some((it) => it.search(inputTemplate) >= 0)

/**
 * Fills in templates. Names count in any case, after `.` or `$`; what is no known template stays as it is.
 *
 * Fails when an argument asks for an input that does not exist or has no text, or for a path of the template that is not known.
 */
export const render = (args: ReadonlyArray<string>, context: TemplateContext): Result.Result<ReadonlyArray<string>, TemplateInvalid> => {
  const problems: Array<string> = []
  const rendered = args.map((argument) => renderOne(argument, context, problems))
  return problems.length === 0 ? Result.succeed(rendered) : Result.fail(new TemplateInvalid({ problems }))
}

const renderOne = (argument: string, context: TemplateContext, problems: Array<string>): string => {
  if (!argument.includes("{{")) return argument
  let text = argument
  for (const [pattern, valueIn] of replacements) {
    if (pattern === taskTemplatePath && context.taskTemplatePath === undefined && text.search(pattern) >= 0) {
      problems.push(`"${argument}" asks for the path of the task's template, which is not stored as a file`)
    }
    text = text.replace(pattern, () => valueIn(context))
  }
  const { inputs } = context
  return inputs === undefined ? text : text.replace(inputTemplate, (whole, name: string) => inputText(whole, name, inputs, problems))
}

const inputText = (whole: string, name: string, inputs: LiteralMap, problems: Array<string>): string => {
  if (!Object.hasOwn(inputs.literals, name)) {
    problems.push(`${whole} asks for an input "${name}" that does not exist; the inputs are ${Object.keys(inputs.literals).sort().join(", ") || "none"}`)
    return ""
  }
  const text = LiteralText.toArgument(inputs.literals[name]!)
  if (Result.isSuccess(text)) return text.success
  problems.push(`${whole}: ${text.failure}`)
  return ""
}

/** Reads TaskActions and tasks out of unknown documents, and tells every fault with its field and value. */
import { Result, Schema } from "effect"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import { schemaFaults, type UnknownFields } from "./internal/schemaFaults.ts"
import { Task } from "./Task.ts"
import { type TaskAction, TaskActionSpec, TaskActionStatus } from "./TaskAction.ts"
import * as TaskActionCrd from "./TaskActionCrd.ts"
import { type TaskIssue, TaskInvalid } from "./TaskInvalid.ts"

const Texts = Schema.Record(Schema.String, Schema.String)

/** `ObjectMeta`: what the engine reads is checked, the rest of Kubernetes' fields is known by name. */
const Metadata = Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  generateName: Schema.optionalKey(Schema.String),
  namespace: Schema.optionalKey(Schema.String),
  uid: Schema.optionalKey(Schema.String),
  resourceVersion: Schema.optionalKey(Schema.String),
  generation: Schema.optionalKey(Schema.Int),
  creationTimestamp: Schema.optionalKey(Schema.NullOr(Schema.String)),
  deletionTimestamp: Schema.optionalKey(Schema.String),
  deletionGracePeriodSeconds: Schema.optionalKey(Schema.Int),
  labels: Schema.optionalKey(Texts),
  annotations: Schema.optionalKey(Texts),
  finalizers: Schema.optionalKey(Schema.Array(Schema.String)),
  ownerReferences: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        apiVersion: Schema.String,
        kind: Schema.String,
        name: Schema.String,
        uid: Schema.String,
        controller: Schema.optionalKey(Schema.Boolean),
        blockOwnerDeletion: Schema.optionalKey(Schema.Boolean)
      })
    )
  ),
  managedFields: Schema.optionalKey(Schema.Unknown),
  selfLink: Schema.optionalKey(Schema.Unknown)
})

/** A whole TaskAction. Reading changes nothing, so a document that fits is the action. */
const Action = Schema.Struct({
  apiVersion: Schema.optionalKey(Schema.Literal(TaskActionCrd.apiVersion)),
  kind: Schema.optionalKey(Schema.Literal(TaskActionCrd.kind)),
  metadata: Metadata,
  spec: TaskActionSpec,
  status: Schema.optionalKey(TaskActionStatus)
})

/** How strict to be. */
export interface DecodeOptions {
  /** `refuse` is for what people write; `ignore`, the default, for what an API server stored. */
  readonly unknownFields?: UnknownFields | undefined
  /** Where the document lies in a larger one; paths of faults start with it. */
  readonly path?: TaskIssue["path"] | undefined
}

/**
 * Compiling costs as much as some hundred answers, so that only those pay for it who read many. Where code cannot be made at run time nothing changes.
 * They are counted for the whole program; the answers are the same before and after.
 */
const compileAfter = 200
let asked = 0
let answer = Schema.is(Action)

const isAction = (input: unknown): boolean => {
  if (++asked === compileAfter) {
    SchemaJITCompiler.enable(Action.ast)
    answer = Schema.is(Action)
  }
  return answer(input)
}

const isTask = Schema.is(Task)

/** Reads a TaskAction. The result is the very object that was given. */
export const decode = (input: unknown, options: DecodeOptions = {}): Result.Result<TaskAction, TaskInvalid> =>
  check<TaskAction>(Action, isAction, input, options)

/** Reads a readable task, as it stands in `spec.task` or in a file of its own. */
export const decodeTask = (input: unknown, options: DecodeOptions = {}): Result.Result<Task, TaskInvalid> =>
  check<Task>(Task, isTask, input, options)

/** Reads a document of another form by its schema, which must not transform; faults are told in the same words. */
export const decodeAs = <A>(schema: Schema.Decoder<A>, input: unknown, options: DecodeOptions = {}): Result.Result<A, TaskInvalid> =>
  check<A>(schema, Schema.is(schema), input, options)

const check = <A>(
  schema: Schema.Decoder<unknown>,
  fits: (input: unknown) => boolean,
  input: unknown,
  { path, unknownFields = "ignore" }: DecodeOptions
): Result.Result<A, TaskInvalid> => {
  // Asking is many times cheaper than collecting faults, and almost everything fits.
  if (unknownFields === "ignore" && fits(input)) return Result.succeed(input as A)
  const issues = schemaFaults(schema, input, unknownFields, path)
  return issues.length === 0 ? Result.succeed(input as A) : Result.fail(new TaskInvalid({ issues }))
}

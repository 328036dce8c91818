/** What is sent to connectors about a task. */
import { create } from "@bufbuild/protobuf"
import { type Connection, ConnectionSchema, type CreateTaskRequest, CreateTaskRequestSchema } from "@fairlead/core/connector"
import { Idl, type SecretAccessor, Templating } from "@fairlead/core"
import { Effect, Redacted, Result } from "effect"
import type { WebApiTask } from "../AsyncPlugin.ts"
import { WebApiError } from "../WebApiError.ts"

/** A connection as it is stored: secrets by name. */
export type ConnectionReference = {
  readonly taskType: string
  readonly secrets: { readonly [name: string]: string }
  readonly configs: { readonly [name: string]: string }
}

const texts = (value: unknown): { readonly [name: string]: string } =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"))
    : {}

/**
 * The connection of a task. A name in `custom.connection` or in the setting `connection` chooses one of the engine's; otherwise
 * `custom` itself is read as one, as Flyte does. A task without any has an empty one.
 */
export const connectionOf = ({ metadata, template }: Pick<WebApiTask, "metadata" | "template">): Effect.Effect<ConnectionReference, WebApiError> => {
  const custom = (template.custom ?? {}) as { readonly [key: string]: unknown }
  const name = typeof custom["connection"] === "string" ? custom["connection"] : metadata.overrides.config["connection"] ?? template.config["connection"]
  const { connections } = metadata.externalResourceAttributes
  if (name !== undefined) {
    const known = connections[name]
    if (known === undefined) return Effect.fail(new WebApiError({ fault: "Rejected", description: `there is no connection "${name}"; there are: ${Object.keys(connections).join(", ") || "none"}` }))
    const fields = known.connection as { readonly [key: string]: unknown }
    return Effect.succeed({ taskType: known.source, secrets: texts(fields["secrets"]), configs: { ...texts(fields["configs"]), ...texts(fields) } })
  }
  return Effect.succeed({
    taskType: typeof custom["taskType"] === "string" ? custom["taskType"] : "",
    secrets: texts(custom["secrets"]),
    configs: texts(custom["configs"])
  })
}

/** The connection with the values of its secrets, for one call. */
export const resolveConnection = (reference: ConnectionReference, secrets: SecretAccessor): Effect.Effect<Connection, WebApiError> =>
  Effect.map(
    Effect.forEach(Object.entries(reference.secrets), ([name, secret]) => {
      const slash = secret.indexOf("/")
      const found = secrets.get(slash < 0 ? { key: secret } : { group: secret.slice(0, slash), key: secret.slice(slash + 1) })
      return found.pipe(
        Effect.map((value) => [name, Redacted.value(value)] as const),
        Effect.mapError((error) => new WebApiError({ fault: "Unauthorized", code: error.code, description: error.description }))
      )
    }),
    (resolved) => create(ConnectionSchema, { taskType: reference.taskType, secrets: Object.fromEntries(resolved), configs: { ...reference.configs } })
  )

/** The request that begins a task. Arguments of its container are filled in; the template itself stays as it is. */
export const createRequest = Effect.fnUntraced(function*(task: WebApiTask, connection: Connection): Effect.fn.Return<CreateTaskRequest, WebApiError> {
  const { metadata, paths } = task
  const inputs = yield* Effect.mapError(task.inputs, (error) => new WebApiError({ fault: "Failed", code: error.code, description: error.description }))
  const template = yield* rendered(task, inputs)
  return create(CreateTaskRequestSchema, {
    inputs: { literals: Object.entries(inputs.literals).map(([name, value]) => ({ name, value })) } as never,
    template: template as never,
    outputPrefix: paths.outputPrefix,
    connection,
    taskExecutionMetadata: {
      taskExecutionId: metadata.taskExecutionId.id as never,
      namespace: metadata.namespace,
      labels: { ...metadata.labels },
      annotations: { ...metadata.annotations },
      k8sServiceAccount: metadata.k8sServiceAccount,
      environmentVariables: { ...metadata.environmentVariables },
      maxAttempts: metadata.maxAttempts,
      interruptible: metadata.interruptible,
      interruptibleFailureThreshold: metadata.interruptibleFailureThreshold,
      ...(metadata.securityContext.runAs === undefined ? {} : { identity: metadata.securityContext.runAs as never })
    }
  })
})

const rendered = (task: WebApiTask, inputs: Idl.LiteralMap): Effect.Effect<Idl.TaskTemplate, WebApiError> => {
  const { metadata, paths, template } = task
  if (template.target.case !== "container") return Effect.succeed(template)
  const container = template.target.value
  const context = { paths, generatedName: metadata.taskExecutionId.generatedName, namespace: metadata.namespace, inputs }
  const args = Templating.render(container.args, context)
  const command = Templating.render(container.command, context)
  if (Result.isFailure(args)) return Effect.fail(new WebApiError({ fault: "Rejected", description: args.failure.message }))
  if (Result.isFailure(command)) return Effect.fail(new WebApiError({ fault: "Rejected", description: command.failure.message }))
  return Effect.succeed({ ...template, target: { case: "container", value: { ...container, args: [...args.success], command: [...command.success] } } })
}

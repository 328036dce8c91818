/** Questions of expressions about who may do what. */
import { dnsLabelErrors, subdomainErrors } from "../../internal/nameRules.ts"
import { objectType, type Type } from "../types/Type.ts"
import { fail, Opaque, type Value } from "../values/Value.ts"
import { declare, type Declared } from "./Declare.ts"

/** What is asked about: a path, or a resource of a group. */
export interface AccessQuestion {
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
}

/** An answer and what led to it. */
export interface AccessAnswer {
  readonly allowed: boolean
  readonly reason: string
}

/** Knows what one user may do. */
export interface AccessOracle {
  readonly ask: (question: AccessQuestion, verb: string) => AccessAnswer
  /** The same for a service account. */
  readonly serviceAccount: (namespace: string, name: string) => AccessOracle
}

const typeNamed = (name: string): Type => objectType(`kubernetes.authorization.${name}`)

/** The type of `authorizer`. */
export const authorizerType = typeNamed("Authorizer")
const pathCheckType = typeNamed("PathCheck")
const groupCheckType = typeNamed("GroupCheck")
/** The type of `authorizer.requestResource`. */
export const resourceCheckType = typeNamed("ResourceCheck")
const decisionType = typeNamed("Decision")

/** A value that only the functions of this library can look into. */
class Handle<A> extends Opaque {
  readonly type: Type
  readonly held: A

  constructor(type: Type, held: A) {
    super()
    this.type = type
    this.held = held
  }

  equals(other: Value): boolean {
    return this === other
  }
}

interface Check {
  readonly oracle: AccessOracle
  readonly question: AccessQuestion
}

/** The value of `authorizer`. */
export const authorizerValue = (oracle: AccessOracle): Value => new Handle(authorizerType, oracle)

/** The value of `authorizer.requestResource`. */
export const resourceCheckValue = (oracle: AccessOracle, question: AccessQuestion): Value => new Handle<Check>(resourceCheckType, { oracle, question })

const isBlank = (text: string): boolean => text.trim() === ""

const narrowed = (more: (text: string) => AccessQuestion) => ({ held: { oracle, question } }: Handle<Check>, text: string): Value =>
  resourceCheckValue(oracle, { ...question, ...more(text) })

const asked = ({ held: { oracle, question } }: Handle<Check>, verb: string): Value => new Handle(decisionType, oracle.ask(question, verb))

const accountOf = ({ held }: Handle<AccessOracle>, namespace: string, name: string): Value => {
  if (subdomainErrors(name).length > 0) return fail("Invalid service account name")
  if (dnsLabelErrors(namespace).length > 0) return fail("Invalid service account namespace")
  return authorizerValue(held.serviceAccount(namespace, name))
}

const [authorizer, pathCheck, groupCheck, resourceCheck, decision] =
  [authorizerType, pathCheckType, groupCheckType, resourceCheckType, decisionType].map(({ name }) => name)

/** Functions on what a user may do. Selectors are accepted, and tell nothing: rules cannot depend on them. */
export const authorization: ReadonlyArray<Declared> = [
  declare(`path.(${authorizer}, string) -> ${pathCheck}`, ({ held: oracle }: Handle<AccessOracle>, path: string) =>
    isBlank(path) ? fail("path must not be empty") : new Handle<Check>(pathCheckType, { oracle, question: { path } })),
  declare(`group.(${authorizer}, string) -> ${groupCheck}`, ({ held: oracle }: Handle<AccessOracle>, group: string) =>
    new Handle<Check>(groupCheckType, { oracle, question: { group } })),
  declare(`serviceAccount.(${authorizer}, string, string) -> ${authorizer}`, accountOf),
  declare(`resource.(${groupCheck}, string) -> ${resourceCheck}`, (check: Handle<Check>, resource: string) =>
    isBlank(resource) ? fail("resource must not be empty") : narrowed(() => ({ resource }))(check, resource)),
  declare(`subresource.(${resourceCheck}, string) -> ${resourceCheck}`, narrowed((subresource) => ({ subresource }))),
  declare(`namespace.(${resourceCheck}, string) -> ${resourceCheck}`, narrowed((namespace) => ({ namespace }))),
  declare(`name.(${resourceCheck}, string) -> ${resourceCheck}`, narrowed((name) => ({ name }))),
  declare(`fieldSelector.(${resourceCheck}, string) -> ${resourceCheck}`, narrowed(() => ({}))),
  declare(`labelSelector.(${resourceCheck}, string) -> ${resourceCheck}`, narrowed(() => ({}))),
  declare(`check.(${pathCheck}, string) -> ${decision}`, asked),
  declare(`check.(${resourceCheck}, string) -> ${decision}`, asked),
  declare(`errored.(${decision}) -> bool`, () => false),
  declare(`error.(${decision}) -> string`, () => ""),
  declare(`allowed.(${decision}) -> bool`, ({ held }: Handle<AccessAnswer>) => held.allowed),
  declare(`reason.(${decision}) -> string`, ({ held }: Handle<AccessAnswer>) => held.reason)
]

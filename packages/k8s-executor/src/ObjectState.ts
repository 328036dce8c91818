/** What the runner remembers of a launch between rounds: the plugin state of all object plugins. */
import type { PluginState } from "@fairlead/core"
import { Phase } from "@fairlead/core"
import { Option, Schema } from "effect"

/** Number of the layout below. A state of another number is not read but reported. */
export const schemaVersion = 1

/** Longest reason that is kept; it only serves to notice that the reason has changed. */
const reasonLengthMax = 256

const ObjectStateJson = Schema.Struct({
  schema: Schema.Literal(schemaVersion),
  name: Schema.String,
  /** Absent while the launch waits for quota. */
  uid: Schema.optionalKey(Schema.String),
  launch: Schema.Int,
  /** When the object was launched, or when the wait for quota began. */
  since: Schema.Finite,
  phase: Schema.Literals(Phase.phases),
  phaseVersion: Schema.Int,
  reason: Schema.String,
  /** Cursor of the last object event that was reported. */
  lastEvent: Schema.optionalKey(Schema.Finite),
  memory: Schema.optionalKey(Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])))
})

/** State of one launch. */
export type ObjectState = Omit<typeof ObjectStateJson.Type, "schema">

const decodeJson = Schema.decodeUnknownOption(ObjectStateJson)
const utf8Decoder = new TextDecoder("utf-8", { fatal: true })
const utf8Encoder = new TextEncoder()

/** Cuts a reason to what is kept of it. */
export const keptReason = (reason: string): string => reason.slice(0, reasonLengthMax)

/**
 * A state that was written here carries what it was made from: an engine hands the same one in round after round. What engines store is
 * its text, so that bytes are made for those alone who look at them.
 */
class Written implements PluginState {
  readonly version = schemaVersion
  readonly text: string | undefined
  readonly #json: string
  readonly #state: ObjectState

  constructor(state: ObjectState) {
    this.#json = write(state)
    this.#state = state
    // Of ASCII every character is one byte.
    this.text = hasMore.test(this.#json) ? undefined : btoa(this.#json)
  }

  get bytes(): Uint8Array {
    return utf8Encoder.encode(this.#json)
  }

  static stateOf(stored: PluginState): ObjectState | undefined {
    return stored instanceof Written ? stored.#state : undefined
  }
}

/** States that were read here, under their stored form. */
const known = new WeakMap<PluginState, ObjectState>()

/** Reads a stored state; `undefined` when it was not written by this version or is damaged. */
export const decode = (stored: PluginState): ObjectState | undefined => {
  const before = Written.stateOf(stored) ?? known.get(stored)
  if (before !== undefined) return before
  const state = read(stored)
  if (state !== undefined) known.set(stored, state)
  return state
}

const read = ({ bytes, version }: PluginState): ObjectState | undefined => {
  if (version !== schemaVersion) return undefined
  try {
    return Option.getOrUndefined(decodeJson(JSON.parse(utf8Decoder.decode(bytes))))
  } catch {
    return undefined
  }
}

/** Writes a state for storage. Equal states give equal bytes. */
export const encode = (state: ObjectState): PluginState => new Written(state)

const hasMore = /[^\0-\x7f]/

const write = (state: ObjectState): string => JSON.stringify({
  schema: schemaVersion,
  name: state.name,
  uid: state.uid,
  launch: state.launch,
  since: state.since,
  phase: state.phase,
  phaseVersion: state.phaseVersion,
  reason: state.reason,
  lastEvent: state.lastEvent,
  memory: state.memory
})

/** True when storing `after` instead of `before` would change nothing. */
export const same = (before: ObjectState | undefined, after: ObjectState): boolean =>
  before !== undefined && before.name === after.name && before.uid === after.uid && before.launch === after.launch &&
  before.since === after.since && before.phase === after.phase && before.phaseVersion === after.phaseVersion &&
  before.reason === after.reason && before.lastEvent === after.lastEvent &&
  (before.memory === after.memory || JSON.stringify(before.memory) === JSON.stringify(after.memory))

import type { JsonObject, JsonValue } from '../../../lib/json.ts'
import { toNumber } from '../../generation.ts'
import type { Findings, Mention } from '../../mention.ts'
import { fieldOf, textOf } from '../json.ts'
import { readModelField } from './model-field.ts'

/** Deeper than layers of a canvas in their groups ever are. */
const MAX_DEPTH = 12
/** Kinds of models that a weight beside them is of. */
const WEIGHTED = new Set(['lora', 'controlnet', 'ipadapter'])

/**
 * Adds every model below a field, wherever it stands: in lists, in layers of the canvas, in reference images. What is
 * switched off switches off all that is in it; a weight counts for the model beside it.
 */
export function addModelsIn(value: JsonValue, field: string, place: string, findings: Findings): void {
  visit(value, { field, holder: undefined, active: undefined, depth: 0 }, { place, findings })
}

interface Position {
  readonly field: string
  /** The object around, which may hold the weight. */
  readonly holder: JsonObject | undefined
  readonly active: false | undefined
  readonly depth: number
}

interface Target {
  readonly place: string
  readonly findings: Findings
}

function visit(value: JsonValue, at: Position, target: Target): void {
  if (typeof value !== 'object' || value === null || at.depth > MAX_DEPTH) return
  const depth = at.depth + 1
  if (Array.isArray(value)) {
    for (const item of value) visit(item, { ...at, depth }, target)
    return
  }
  const mention = readModelField(value, at.field, target.place, target.findings)
  if (mention !== undefined) {
    const strength = WEIGHTED.has(mention.type) ? strengthBeside(at) : activity(at.active)
    target.findings.add({ ...mention, ...strength, evidence: [target.place] })
    return
  }
  warnOfBareKey(value, at.field, target)
  const active = isSwitchedOff(value) ? false : at.active
  for (const [field, inner] of Object.entries(value)) visit(inner, { field, holder: value, active, depth }, target)
}

const isSwitchedOff = (value: JsonObject): boolean =>
  ['isEnabled', 'is_enabled', 'enabled'].some((name) => fieldOf(value, name) === false)

const activity = (active: false | undefined): Pick<Mention, 'active'> => (active === undefined ? {} : { active })

function strengthBeside({ holder, active }: Position): Pick<Mention, 'weight' | 'active'> {
  const weight = ['weight', 'control_weight']
    .map((name) => toNumber(fieldOf(holder, name)))
    .find((each) => each !== undefined)
  return weight === undefined ? activity(active) : { weight, active: active !== false && weight !== 0 }
}

/** Version 4 wrote only ids of its own installation at first. */
function warnOfBareKey(value: JsonObject, field: string, { place, findings }: Target): void {
  const isModel = /^(?:lora|model|vae)$|_model$/.test(field)
  if (isModel && textOf(fieldOf(value, 'key')) !== undefined && fieldOf(value, 'name') === undefined) {
    findings.warn(place, 'a model is named by an id of its installation only')
  }
}

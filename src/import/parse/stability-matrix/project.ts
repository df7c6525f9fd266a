import { isJsonObject, type JsonObject } from '../../../lib/json.ts'
import { type Generation, toGeneration } from '../../generation.ts'
import type { Findings } from '../../mention.ts'
import { fieldOf } from '../json.ts'
import { addCard } from './card.ts'

/** Real projects have about fifty cards, five deep. */
const MOST_CARDS = 20_000
const DEEPEST = 40

/** A card of the editor, which may hold further cards. */
interface Card {
  readonly card: JsonObject
  /** False: it, or one around it, is switched off. */
  readonly on: boolean
  readonly depth: number
}

/** Every model that the cards of a project have selected; those of modules that are off are inactive. */
export function addProject(state: unknown, findings: Findings): void {
  const open: Card[] = isJsonObject(state) ? [{ card: state, on: true, depth: 0 }] : []
  let seen = 0
  // Backwards from the end of a stack, so that cards are read in the order in which they stand.
  for (let next = open.pop(); next !== undefined && seen < MOST_CARDS; next = open.pop()) {
    seen += 1
    const on = next.on && fieldOf(next.card, 'IsEnabled') !== false
    addCard(next.card, on, findings)
    if (next.depth >= DEEPEST) continue
    for (const inner of innerCards(next.card, { on, depth: next.depth + 1 }).reverse()) open.push(inner)
  }
  if (open.length > 0) findings.warn('stabilitymatrix', `cards after the first ${MOST_CARDS} are left out`)
}

function innerCards(card: JsonObject, { on, depth }: Omit<Card, 'card'>): Card[] {
  return Object.entries(card).flatMap(([field, value]) => {
    // What a model card says of its extra networks counts only while they are on.
    const used = on && !(field === 'ExtraNetworks' && fieldOf(card, 'IsExtraNetworksEnabled') === false)
    const items = Array.isArray(value) ? value : [value]
    return items.filter(isJsonObject).map((inner) => ({ card: inner, on: used, depth }))
  })
}

export function projectGeneration(state: unknown): Generation {
  const [prompt, sampler, model] = ['Prompt', 'Sampler', 'Model'].map((field) => fieldOf(state, field))
  return toGeneration({
    prompt: fieldOf(prompt, 'Prompt'),
    negative_prompt: fieldOf(prompt, 'NegativePrompt'),
    seed: fieldOf(fieldOf(state, 'Seed'), 'Seed'),
    steps: fieldOf(sampler, 'Steps'),
    sampler: fieldOf(fieldOf(sampler, 'SelectedSampler'), 'Name'),
    scheduler: fieldOf(fieldOf(sampler, 'SelectedScheduler'), 'Name'),
    cfg_scale: fieldOf(sampler, 'CfgScale'),
    width: fieldOf(sampler, 'Width'),
    height: fieldOf(sampler, 'Height'),
    clip_skip: fieldOf(model, 'IsClipSkipEnabled') === true ? fieldOf(model, 'ClipSkip') : undefined,
    software: 'StabilityMatrix',
  })
}

import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { Context } from './context.ts'
import { dependenciesOf, nameOfDependency, stateOfDependency, textOf } from './dependency-state.ts'
import { printableLine } from './text-width.ts'

/** What choose_candidate takes beside the job. */
export interface Choice {
  readonly reference: string
  /** Several dependencies may have the reference. */
  readonly type?: string
  readonly path?: string
  readonly air?: string
  readonly url?: string
  readonly sha256?: string
  readonly tensor_sha256?: string
  /** With the name that it has there. */
  readonly node?: string
  readonly name?: string
  readonly skip?: true
}

/** More to choose from nobody reads. */
const MOST_CANDIDATES = 20

/**
 * Asks for each dependency that may be several files which one is meant. Enter leaves it open.
 * @throws the signal's reason
 */
export async function askForChoices({ outside, signal, note }: Context, job: JsonObject): Promise<Choice[]> {
  const choices: Choice[] = []
  for (const dependency of dependenciesOf(job)) {
    const reference = textOf(dependency.reference)
    const candidates = candidatesOf(dependency)
    if (stateOfDependency(dependency) !== 'ambiguous' || reference === undefined || candidates.length === 0) continue
    await note(renderCandidates(dependency, candidates).join('\n'))
    for (;;) {
      const answer = await outside.ask(question(candidates.length), signal)
      if (answer === undefined) return choices
      const choice = readChoice(answer, candidates)
      if (choice === 'again') continue
      const type = textOf(dependency.type)
      if (choice !== 'open') choices.push({ reference, ...(type === undefined ? {} : { type }), ...choice })
      break
    }
  }
  return choices
}

const question = (most: number): string => `Which one? [1-${most}, s to skip it, Enter to leave it open] `

type Named = Omit<Choice, 'reference' | 'type'>

/** Of one that a choice can name. */
interface NamedCandidate {
  readonly choice: Named
  readonly text: string
}

/** By which field a choice names a candidate, the most exact first. */
const NAMED_BY = ['path', 'sha256', 'tensor_sha256', 'air', 'url'] as const

export function candidatesOf({ candidates }: JsonObject): NamedCandidate[] {
  const all = Array.isArray(candidates) ? candidates.filter(isJsonObject) : []
  return all
    .flatMap((candidate) => {
      const path = textOf(candidate.path)
      const name = textOf(candidate.name)
      const node = textOf(candidate.node)
      const [named] = NAMED_BY.flatMap((field) => {
        const value = textOf(candidate[field])
        return value === undefined ? [] : [{ [field]: value }]
      })
      const choice: Named | undefined = named ?? (node === undefined || name === undefined ? undefined : { node, name })
      if (choice === undefined) return []
      const [where = ''] = Object.values(choice)
      const why = textOf(candidate.why)
      const beside = [path === undefined ? name : undefined, why].filter((part) => part !== undefined)
      return [{ choice, text: [where, ...beside].join('  ') }]
    })
    .slice(0, MOST_CANDIDATES)
}

/** The question's own lines: what is meant, and what there is. */
export function renderCandidates(dependency: JsonObject, candidates: readonly NamedCandidate[]): string[] {
  const reason = textOf(dependency.reason)
  const head = `${textOf(dependency.type) ?? 'model'} ${nameOfDependency(dependency)}`
  const width = String(candidates.length).length
  return [
    printableLine(reason === undefined ? head : `${head}: ${reason}`),
    ...candidates.map(({ text }, at) => printableLine(`  ${String(at + 1).padStart(width)}  ${text}`)),
  ]
}

/** `again`: it is no answer. */
export function readChoice(answer: string, candidates: readonly NamedCandidate[]): Named | 'open' | 'again' {
  const word = answer.trim().toLowerCase()
  if (word === '') return 'open'
  if (word === 's' || word === 'skip') return { skip: true }
  const chosen = /^\d{1,3}$/.test(word) ? candidates[Number(word) - 1] : undefined
  return chosen?.choice ?? 'again'
}

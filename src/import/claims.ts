import { TRUST } from './mention.ts'
import type { Group } from './model-group.ts'
import { foldedStem, type ModelName, parseModelName } from './model-name.ts'

/** What is known of the graph that was executed: `whole` where it can load nothing but what is read off it. */
export type ExecutedGraph = 'whole' | 'partly'

/** What can be said of the nodes of an executed graph whose classes nobody knows. */
export interface UnknownNodes {
  /** One of them may load a main model, whichever it is, or name that which a loader loads. */
  readonly mayLoadMain: boolean
  /** The texts that they get, as `plainName` spells them: each may be the name of what they load. */
  readonly names: ReadonlySet<string>
}

const trustOf = ({ mentions }: Group): number => Math.max(...mentions.map(({ trust }) => trust ?? TRUST.native))

export const isExecuted = ({ mentions }: Group): boolean => mentions.some(({ trust }) => trust === TRUST.executed)

const isMainModel = ({ type }: Group): boolean => type === 'checkpoint' || type === 'diffusion_model'

const isOfKind = (a: Group, b: Group): boolean => a.type === b.type || (isMainModel(a) && isMainModel(b))

/**
 * Claims that only spell a model of the executed graph otherwise, each with the one that it must be: where two of the
 * graph are spelled so, nobody can tell.
 */
export function pairBySpelling(groups: readonly Group[]): (readonly [executed: Group, claimed: Group])[] {
  const claims = groups.filter((group) => trustOf(group) === TRUST.claim)
  const executed = new Map<string, Set<Group>>()
  for (const group of claims.length === 0 ? [] : groups.filter(isExecuted)) {
    for (const spelling of spellingsOf(group)) {
      const same = executed.get(spelling) ?? new Set()
      executed.set(spelling, same.add(group))
    }
  }
  return claims.flatMap((claimed) => {
    const found = new Set(spellingsOf(claimed).flatMap((spelling) => [...(executed.get(spelling) ?? [])]))
    const [only] = found
    return only === undefined || found.size > 1 ? [] : [[only, claimed] as const]
  })
}

/** Letters and digits of its names, with its kind before them. */
const spellingsOf = (group: Group): string[] =>
  group.names.flatMap((name) => {
    const letters = plainStem(name)
    return letters === '' ? [] : [`${isMainModel(group) ? 'main' : group.type} ${letters}`]
  })

/** A dot between digits stays: `v1.0` is not `v10`. */
const plainStem = (name: ModelName): string =>
  foldedStem(name).replace(/[\s_.-]+/g, (between, at: number, stem: string) => {
    const isOfNumber = between.includes('.') && DIGIT.test(stem.charAt(at - 1))
    return isOfNumber && DIGIT.test(stem.charAt(at + between.length)) ? '.' : ''
  })

const DIGIT = /\d/

/** A name of a file without folders and extension, spelled as others may spell it; empty where nothing is left. */
export const plainName = (name: string): string => plainStem(parseModelName(name))

const EDITOR_ONLY = 'The graph that was executed does not use it: it stands in the editor’s workflow only'
const CONTRADICTED = 'A program that saved the picture names it, but the graph that was executed loads another one'
const NOT_LOADED = 'A program that saved the picture names it, but the graph that was executed does not load it'
const NAMELESS =
  'A program that saved the picture lists it without a file name: what the graph that was executed loads is named there'

/**
 * Why the executed graph speaks against it: it is in the editor's state only, or a saver claims a main model that is not
 * the graph's and that none of its `unknown` nodes may load, or anything that a graph of which all is known does not
 * load. Elsewhere claims stand, since a graph may load them where we cannot see it. `executed` are the graph's own.
 */
export function reasonUnused(
  group: Group,
  executed: readonly Group[],
  graph: ExecutedGraph | undefined,
  unknown: readonly UnknownNodes[] = [],
): string | undefined {
  const trust = trustOf(group)
  if (trust > TRUST.editor || graph === undefined) return undefined
  if (trust === TRUST.editor) return graph === 'whole' || executed.length > 0 ? EDITOR_ONLY : undefined
  const isOther = isMainModel(group) && executed.some(isMainModel)
  if (graph !== 'whole' && (!isOther || unknown.some((nodes) => mayLoad(nodes, group)))) return undefined
  if (group.names.length === 0 && executed.some((other) => isOfKind(group, other))) return NAMELESS
  return isOther ? CONTRADICTED : NOT_LOADED
}

const mayLoad = ({ mayLoadMain, names }: UnknownNodes, group: Group): boolean =>
  mayLoadMain || group.names.some((name) => names.has(plainStem(name)))

/** Only savers name it, and of the executed graph too little is known to say that it does not load it. */
export const isDoubtful = (group: Group, graph: ExecutedGraph | undefined): boolean =>
  graph === 'partly' && group.unused === undefined && trustOf(group) === TRUST.claim

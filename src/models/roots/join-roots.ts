import { placeModel } from '../layout.ts'
import type { ModelRoot } from '../root.ts'
import { isFolder, realPathOf } from './look.ts'
import type { Candidate, Search } from './search.ts'

interface Found {
  readonly candidate: Candidate
  readonly real: string
  readonly exists: boolean
}

/** What a configuration can only name by mistake: everything, and what is no disk. */
const NEVER = /^\/(?:(?:proc|sys|dev)(?:\/.*)?)?$/s

/**
 * The roots to search: those that exist or that the user named, each real folder once, and of those within another one
 * only what adds a type. First comes what is more specific: folders of one type before others, a folder before the one
 * around it; the order is kept otherwise.
 */
export async function joinRoots(candidates: readonly Candidate[], note: Search['note']): Promise<readonly ModelRoot[]> {
  const possible = candidates.filter((each) => isPossible(each, note))
  const looked = await Promise.all(possible.map(look))
  const found = looked.filter((each) => isThere(each, note))
  const kept: Found[] = []
  // Around before within: what is dropped is judged by what stays.
  for (const each of distinct(found, note).toSorted((a, b) => depth(a.real) - depth(b.real))) {
    const around = kept.findLast(({ real }) => isWithin(each.real, real))
    if (around === undefined || !each.exists || addsType(each, around)) kept.push(each)
  }
  const inOrder = found.filter((each) => kept.includes(each))
  const ordered: Found[] = []
  for (const each of [...inOrder.filter(isTyped), ...inOrder.filter((one) => !isTyped(one))]) {
    const around = ordered.findIndex(({ real }) => isWithin(each.real, real))
    ordered.splice(around === -1 ? ordered.length : around, 0, each)
  }
  return ordered.map(({ candidate: { path, type, layout } }) => ({ path, type, layout }))
}

function isPossible({ path, named, from }: Candidate, note: Search['note']): boolean {
  const source = from === undefined ? '' : `, from ${from},`
  if (path.includes('\0')) note(`${path}${source} is no path; it is not used.`)
  else if (named !== true && NEVER.test(path)) note(`${path}${source} is no folder of models; it is not used.`)
  else return true
  return false
}

async function look(each: Candidate): Promise<Found> {
  const exists = await isFolder(each.path)
  return { candidate: each, exists, real: exists ? await realPathOf(each.path) : each.path }
}

function isThere({ candidate: { path, named, from }, real, exists }: Found, note: Search['note']): boolean {
  if (named === true) {
    if (!exists) note(`${path} is not there now; it is searched as soon as it is.`)
    return true
  }
  if (!exists && from !== undefined) note(`${path}, from ${from}, does not exist.`)
  if (exists && NEVER.test(real)) note(`${path} leads to ${real}, which is no folder of models; it is not used.`)
  return exists && !NEVER.test(real)
}

/** Each real folder once. One that a UI takes whole (its `models/`) is not of the single type that it has elsewhere. */
function distinct(found: readonly Found[], note: Search['note']): readonly Found[] {
  const byPath = new Map<string, Found>()
  for (const each of found) {
    const other = byPath.get(each.real)
    if (other === undefined) {
      byPath.set(each.real, each)
      continue
    }
    const types = [other.candidate.type, each.candidate.type]
    if (types.includes(undefined)) {
      if (isTyped(other)) byPath.set(each.real, each)
    } else if (types[0] !== types[1]) {
      note(`${each.candidate.path} is a folder for ${types[0]} and for ${types[1]}; files there count as ${types[0]}.`)
    }
  }
  return [...byPath.values()]
}

const isTyped = ({ candidate: { type } }: Found): boolean => type !== undefined

const depth = (path: string): number => path.split('/').length

export const isWithin = (path: string, folder: string): boolean =>
  folder === '/' ? path !== '/' : path.startsWith(`${folder}/`)

/** A file without a folder of its own and one in a folder that every UI knows. */
const PROBES = ['x', 'loras/x', 'vae/x']

function addsType(each: Found, around: Found): boolean {
  const below = each.real.slice(around.real === '/' ? 1 : around.real.length + 1)
  const typeHere = (file: string): string => each.candidate.type ?? placeModel(each.candidate.path, file).type
  const typeAround = (file: string): string =>
    around.candidate.type ?? placeModel(around.candidate.path, `${below}/${file}`).type
  return PROBES.some((file) => typeHere(file) !== typeAround(file))
}

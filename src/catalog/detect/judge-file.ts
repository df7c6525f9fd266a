import { type ExpectedFile, isLookable, isNamedByPage } from '../expected-file.ts'
import { countedPath } from './host-files.ts'
import type { HostFile, HostIndex } from './host-index.ts'
import { isAsGood, isByName, isTelling } from './is-as-good.ts'
import { type Match, matchesOf } from './matches.ts'
import { EVIDENCE, type FileCheck, type FileStatus } from './page-check.ts'
import { nameOf } from './paths.ts'
import { foldersFor, isThere, type Target, targetOf } from './place.ts'
import { openPath } from './query-name.ts'

/** A match, and what is to be said of it. */
interface Judged {
  readonly match: Match
  readonly status: FileStatus
  readonly isRight: boolean
  readonly reason?: string
}

/** Statuses of what could be loaded. */
export const THERE: ReadonlySet<FileStatus> = new Set(['verified', 'present', 'elsewhere'])

/**
 * Where one file of a page is on a host.
 * @param taken paths that are files of the page already: a name alone does not make one of them another file too
 */
export function judgeFile(expected: ExpectedFile, index: HostIndex, taken: ReadonlySet<string>): FileCheck {
  const about = { expected: expected.expected, ...(expected.role === undefined ? {} : { role: expected.role }) }
  if (!isLookable(expected)) {
    return { ...about, status: 'unknown', reason: 'The page does not tell a name or a number by which to look for it' }
  }
  const target = targetOf(expected, index)
  const judged = matchesOf(expected, index)
    .flatMap((match) => judge(match, expected, target, index) ?? [])
    .filter(({ match, isRight }) => isRight || !isByName(match.evidence) || !taken.has(match.file.path))
  const best = bestOf(judged, expected.names)
  if (best === undefined) return { ...about, ...notFound(expected, target, index) }
  const { match, status, reason } = best
  const { path, sizeBytes, sha256 } = match.file
  return {
    ...about,
    status,
    path,
    matched_by: match.evidence,
    size_bytes: sizeBytes,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(reason === undefined ? {} : { reason }),
  }
}

/** Undefined for what is another file. */
function judge(match: Match, expected: ExpectedFile, target: Target, index: HostIndex): Judged | undefined {
  const { file, evidence } = match
  const isRight = target.where === 'nowhere' ? isAsGood(match, expected, target) : isThere(file, expected, target)
  if (!isRight && !isAsGood(match, expected, target, index.uiHome)) return undefined
  const isOther = expected.sha256 !== undefined && file.sha256 !== undefined && file.sha256 !== expected.sha256
  if (isOther && (!isRight || evidence === 'version_in_name')) return undefined
  const fault = faultOf(file, evidence, isOther)
  if (fault !== undefined) return { match, isRight, ...fault }
  if (!isRight) return { match, isRight, status: 'elsewhere', reason: whereInstead(file, target) }
  return { match, isRight, status: evidence === 'sha256' ? 'verified' : 'present' }
}

function faultOf(
  { unfinished, fault, sizeBytes, path }: HostFile,
  evidence: Match['evidence'],
  isOther: boolean,
): { readonly status: FileStatus; readonly reason: string } | undefined {
  // Whoever read all of it knows that it is whole, whatever was left beside it.
  if (evidence === 'sha256') return undefined
  if (unfinished !== undefined) {
    const mark = path.endsWith(`/${unfinished}`) ? 'it is still called' : 'beside it lies'
    return { status: 'partial', reason: `A download of it is not finished: ${mark} ${openPath(unfinished)}` }
  }
  if (sizeBytes === 0) return { status: 'corrupt', reason: 'It is empty' }
  if (fault !== undefined) return { status: 'corrupt', reason: fault }
  if (isOther) return { status: 'corrupt', reason: 'Its SHA-256 is not the one that the page gives' }
  return undefined
}

const whereInstead = (file: HostFile, { where, written }: Target): string =>
  where === 'homeless'
    ? `It is at ${openPath(countedPath(file))}; nothing tells where ${written} is`
    : `It is in another folder than ${written === '' ? 'the home of the UI' : written}`

/** What can be loaded, by the weight of its evidence; else what tells most: where it belongs, then a half before a wreck. */
function bestOf(judged: readonly Judged[], names: readonly string[]): Judged | undefined {
  const rank = ({ match, status, isRight }: Judged): readonly number[] => {
    const evidence = EVIDENCE.indexOf(match.evidence === 'name_and_size' ? 'name' : match.evidence)
    const place = isRight ? 0 : 1
    const path = countedPath(match.file)
    // Copies: the one that is called as it should be.
    const copy = [EVIDENCE.indexOf(match.evidence), names.includes(nameOf(path)) ? 0 : 1, path.length]
    if (THERE.has(status)) return [0, evidence, place, ...copy]
    return [1, place, status === 'partial' ? 0 : 1, evidence, ...copy]
  }
  return judged.toSorted((one, other) => compare(rank(one), rank(other)))[0]
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [at, value] of one.entries()) {
    const difference = value - (other[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Whether there is a file in its folders of which nobody knows which it is. */
const mayHideUnderAnyName = (target: Target, index: HostIndex): boolean =>
  target.where === 'nowhere' ||
  foldersFor(target, index).some((folder) => index.stateOf(folder).state !== 'missing' && index.hasStrangers(folder))

function whyUnnamed({ source }: ExpectedFile): string {
  const what = source.kind === 'civitai' ? 'Civitai decides what' : 'The server decides what'
  const known = source.kind === 'civitai' && source.version_id !== undefined ? `version ${source.version_id}` : 'it'
  return `${what} the file is called, and none there is known as ${known}: airkeep scan --identify tells them by hash`
}

/** Missing only where somebody looked into all folders that may hold it. */
function notFound(expected: ExpectedFile, target: Target, index: HostIndex): Pick<FileCheck, 'status' | 'reason'> {
  if (target.where === 'homeless') {
    const whose = target.written.startsWith('~') ? 'of the user' : 'of the UI'
    return { status: 'unknown', reason: `Nothing tells where the home ${whose} is on that host` }
  }
  if (!isNamedByPage(expected) && mayHideUnderAnyName(target, index)) {
    return { status: 'unknown', reason: whyUnnamed(expected) }
  }
  if (target.where === 'nowhere') {
    const isNamed = expected.sha256 !== undefined || expected.civitdl !== undefined || expected.names.some(isTelling)
    const why = isNamed ? 'nothing tells where the UI is' : 'many files have that name'
    if (!isNamed || index.uiHome === undefined) {
      return { status: 'unknown', reason: `Its command does not say where it goes, and ${why}` }
    }
  }
  for (const folder of foldersFor(target, index)) {
    const { state, problem } = index.stateOf(folder)
    if (state !== 'unreadable' && state !== 'incomplete') continue
    const what = state === 'incomplete' ? 'could not be read all through' : 'could not be looked at'
    return { status: 'unknown', reason: `${folder} ${what}${problem === undefined ? '' : `: ${problem}`}` }
  }
  if (expected.is_below && target.folder !== undefined && index.isShallow?.(target.folder) === true) {
    return {
      status: 'unknown',
      reason: `Nobody looked into the folders of ${target.folder}: they hold more than models`,
    }
  }
  const other = index.others === undefined ? undefined : findAmong(expected, index.others)
  return {
    status: 'missing',
    ...(other === undefined ? {} : { reason: `Only another UI of that host has it: ${other}` }),
  }
}

function findAmong(expected: ExpectedFile, others: HostIndex): string | undefined {
  const match = matchesOf(expected, others).find(
    ({ file, evidence }) => !isByName(evidence) || isTelling(nameOf(countedPath(file))),
  )
  return match === undefined ? undefined : openPath(match.file.path)
}

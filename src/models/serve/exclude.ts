import picomatch from 'picomatch'
import { AppError } from '../../errors.ts'
import type { JsonValue } from '../../lib/json.ts'
import type { ModelState } from '../inspect/inspection.ts'
import { type LicenceRule, type LicensedFile, whyKept } from './licence.ts'

/** What the rule looks at. A row of the index is one. */
export interface JudgedFile extends LicensedFile {
  readonly path: string
  readonly relative: string
  readonly aliases: readonly JsonValue[]
  readonly state: ModelState
}

export interface Refusal {
  /** `not_found`: as if it were not there. */
  readonly code: 'not_found' | 'forbidden' | 'license_blocked'
  /** One plain sentence. */
  readonly reason: string
  /** When it ends by itself, where that is known. */
  readonly until?: number
}

/** What this host hands to others: the same for manifest, download, chunks and the SwarmUI dialect. */
export interface ServeRule {
  /**
   * Why bytes are not handed out, undefined if they are. What one of their names or one of their licences forbids is
   * forbidden under every other name too: a link or a copy elsewhere must not open what the owner has closed, and neither
   * must another header before the same tensors.
   * @param copies every file of this host with these bytes
   * @param kin every file of this host with these tensors, the copies among them
   */
  whyNotServed(copies: readonly JudgedFile[], kin?: readonly JudgedFile[]): Refusal | undefined
  /** Whether this one of the copies may be read for it. */
  isServable(file: Pick<JudgedFile, 'state'>): boolean
}

export interface ServeRuleOptions {
  /**
   * Globs, in any letter case, for path below the root, file name, folders and absolute path, those of links too. One
   * that names a folder covers what is below it.
   */
  readonly exclude: readonly string[]
  readonly allowPickle: boolean
  readonly now: () => number
  readonly licences?: LicenceRule
}

const ABSENT = 'No model file with these bytes is served here'

/** @throws AppError invalid_input for a glob that cannot be read */
export function createServeRule({ exclude, allowPickle, now, licences = whyKept }: ServeRuleOptions): ServeRule {
  const isExcluded = createExclusion(exclude)
  const isServable = ({ state }: Pick<JudgedFile, 'state'>): boolean =>
    state === 'ok' || (state === 'pickle' && allowPickle)
  return {
    isServable,
    whyNotServed(copies, kin = copies) {
      if (kin.some(isExcluded)) return { code: 'not_found', reason: ABSENT }
      if (!copies.some(isServable)) {
        return copies.some(({ state }) => state === 'pickle')
          ? { code: 'forbidden', reason: 'Loading this file may run code, and this host does not serve such files' }
          : { code: 'not_found', reason: ABSENT }
      }
      const at = now()
      for (const file of kin) {
        const kept = licences(file, at)
        if (kept !== undefined) return { code: 'license_blocked', ...kept }
      }
      return undefined
    },
  }
}

/**
 * `dot`: hidden files are files. `s`: a line break in a name must not end what `**` covers. `nonegate`: a `!` that let
 * files through would have to outweigh the globs beside it. `debug`: a glob that cannot be read throws, where it would
 * otherwise exclude nothing.
 */
const OPTIONS = { dot: true, flags: 'is', nonegate: true, debug: true } as const

function createExclusion(globs: readonly string[]): (file: JudgedFile) => boolean {
  const patterns = globs.flatMap(toPatterns)
  if (patterns.length === 0) return () => false
  const matchers = patterns.map(([glob, pattern]) => {
    try {
      return picomatch(pattern, OPTIONS)
    } catch (cause) {
      throw new AppError('invalid_input', `Cannot read the glob "${glob}" of AIRKEEP_SERVE_EXCLUDE`, { cause })
    }
  })
  const isWritten = createLiteral(globs)
  const isMatch = (text: string): boolean => {
    const normal = text.normalize('NFC')
    return matchers.some((matches) => matches(normal)) || isWritten(normal)
  }
  return ({ path, relative, aliases }) =>
    isMatch(relative) || isMatch(path) || aliases.some((alias) => typeof alias === 'string' && isMatch(alias))
}

/**
 * Files and folders that are called exactly as a glob is written: `[v1] foo (old)` is a name that people paste, and it must
 * not be open because brackets mean something else to a glob.
 */
function createLiteral(globs: readonly string[]): (text: string) => boolean {
  const names = globs
    .map((glob) => trim(glob).toLowerCase())
    .filter((name) => name !== '')
    .map((name) => (name.startsWith('/') ? { at: 0, name: `${name}/` } : { at: undefined, name: `/${name}/` }))
  return (text) => {
    const path = `${text.startsWith('/') ? '' : '/'}${text}/`.toLowerCase()
    return names.some(({ at, name }) =>
      at === 0 ? text.startsWith('/') && path.startsWith(name) : path.includes(name),
    )
  }
}

const trim = (glob: string): string =>
  glob
    .trim()
    .normalize('NFC')
    .replace(/^\.\//, '')
    .replaceAll(/\/{2,}/g, '/')
    .replace(/\/+$/, '')

/** As .gitignore reads them: at any depth unless they begin at the root of the filesystem, and folders with all in them. */
function toPatterns(glob: string): (readonly [glob: string, pattern: string])[] {
  // Parentheses and bars are as common in names as they are rare in globs, where they would group.
  const trimmed = trim(glob).replaceAll(/(?<!\\)[()|]/g, '\\$&')
  if (trimmed === '') return []
  const pattern = trimmed.startsWith('/') ? trimmed : `**/${trimmed}`
  return [
    [glob, pattern],
    [glob, `${pattern}/**`],
  ]
}

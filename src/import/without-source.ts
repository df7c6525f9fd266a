import { resolve } from 'node:path'
import { AppError, isAppError } from '../errors.ts'
import { describeUrl, readUrl } from '../net/target.ts'
import type { ImportSource } from './source.ts'

/**
 * The same error without the name of what was to be read: whoever may see the job sees its error, and the caller knows
 * what it named. The log has the error as it was, as the cause.
 */
export function withoutSource(error: unknown, source: ImportSource): unknown {
  if (!isAppError(error) || source.kind === 'texts') return error
  const { code, message, hint, retryAfterSeconds } = error
  const [names, instead] = source.kind === 'path' ? [pathNames(source.path), 'the path'] : [urlNames(source.url), 'it']
  const told = names.reduce((text, name) => text.replaceAll(name, instead), message)
  if (told === message) return error
  return new AppError(code, told.charAt(0).toUpperCase() + told.slice(1), { hint, retryAfterSeconds, cause: error })
}

/** The longest first: one may be a part of another. */
const byLength = (names: readonly string[]): string[] => names.toSorted((a, b) => b.length - a.length)

function pathNames(given: string): string[] {
  const path = /^file:/i.test(given) ? decoded(readUrl(given)?.pathname ?? given) : given
  return byLength([given, path, resolve(path)].filter((name) => name.length > 1))
}

function urlNames(given: string): string[] {
  const url = readUrl(given)
  return byLength(url === undefined ? [given] : [given, url.href, describeUrl(url)])
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

import * as v from 'valibot'
import { isAppError } from '../errors.ts'
import { isJsonObject } from '../lib/json.ts'
import type { Log, Trace } from '../lib/log.ts'

/** What the readers of Civitai's answers share. */

/** A field of another type than expected counts as absent: one odd field must not hide the rest. */
export const lenient = <T>(schema: v.GenericSchema<unknown, T>) => v.fallback(v.nullish(schema, null), null)

/** They turn the order of what stands behind them around; joiners stay, which letters and emoji are made with. */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g

/** Names come from strangers: one line, no control characters, no halves of characters, not endless. */
const shown = (text: string, length: number): string =>
  text
    .slice(0, length)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(TURNS, '')
    .trim()

/** Text that can be shown, shortened; one that is blank is none. */
export const textSchema = (length: number) =>
  v.pipe(
    v.string(),
    v.transform((text) => shown(text, length)),
    v.minLength(1),
  )
export const nameSchema = lenient(textSchema(300))
export const timeSchema = lenient(v.pipe(v.string(), v.maxLength(40), v.isoTimestamp()))

export const idSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

/** Civitai's own take tens of characters; one goes into an address. */
const LONGEST_CURSOR = 2_000

/** Where the next page begins, as `metadata` says; undefined on the last one. */
export function nextCursorIn(metadata: unknown): string | undefined {
  const cursor = isJsonObject(metadata) ? metadata['nextCursor'] : undefined
  if (typeof cursor === 'number') return String(cursor)
  return typeof cursor === 'string' && cursor !== '' && cursor.length <= LONGEST_CURSOR ? cursor : undefined
}

export interface ModelRequestOptions {
  /** The caller's Civitai key, if any. It goes to the configured host and nowhere else. */
  readonly token?: string | undefined
  readonly signal: AbortSignal
  /** Whose request it is, for the log. */
  readonly trace?: Trace | undefined
}

/** The other host of the same site may know more; that it does not answer changes nothing. @throws AppError cancelled */
export async function askSibling(
  ask: () => Promise<void>,
  { trace }: Pick<ModelRequestOptions, 'trace'>,
  log: Log,
): Promise<void> {
  try {
    await ask()
  } catch (error) {
    if (isAppError(error) && error.code === 'cancelled') throw error
    log.debug({ ...trace, err: error }, 'the sibling host did not help')
  }
}

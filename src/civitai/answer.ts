import { isJsonObject } from '../lib/json.ts'

/** What answers of Civitai say when they are not the thing that was asked for. */

export const isHtml = (text: string): boolean =>
  /^\s*(?:<!doctype html|<html|<head|<\?xml|<!--)/i.test(text.slice(0, 500))

/** Seconds of a `Retry-After`, or undefined for a missing or unreadable one; a date counts from now. */
export function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header)
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1_000))
}

export interface SaidError {
  readonly error: string | undefined
  readonly message: string | undefined
  /** ISO 8601, of early access. */
  readonly deadline: string | undefined
}

const LONGEST_QUOTE = 200

/** `{"error": "…", "message": "…"}`, shortened; Civitai's validation errors are objects and say little. */
export function readError(text: string): SaidError {
  const body = readObject(text)
  const field = (name: string): string | undefined => {
    const said = body[name]
    return typeof said === 'string' ? said.slice(0, LONGEST_QUOTE) : undefined
  }
  return { error: field('error'), message: field('message'), deadline: field('deadline') }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text)
    return isJsonObject(body) ? body : {}
  } catch {
    return {}
  }
}

import { isJsonObject } from '../lib/json.ts'
import { quoteOf } from '../net/redact.ts'
import type { GuardedResponse } from '../net/response.ts'

/** What answers of Civitai say when they are not the thing that was asked for. */

export const isHtml = (text: string): boolean =>
  /^\s*(?:<!doctype html|<html|<head|<\?xml|<!--)/i.test(text.slice(0, 500))

export interface SaidError {
  /** Fit to be quoted. */
  readonly error: string | undefined
  readonly message: string | undefined
  /** `REGION_BLOCKED`, `UNAUTHORIZED` … */
  readonly code: string | undefined
  /** ISO 8601, of early access. */
  readonly deadline: string | undefined
}

/** `{"error": "…", "message": "…"}`, shortened; Civitai's validation errors are objects and say little. */
export function readError(text: string): SaidError {
  const body = readObject(text)
  const { deadline } = body
  return {
    error: quoteOf(body.error),
    message: quoteOf(body.message),
    code: quoteOf(body.code, 40),
    deadline: typeof deadline === 'string' && deadline.length <= 40 ? deadline : undefined,
  }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text)
    return isJsonObject(body) ? body : {}
  } catch {
    return {}
  }
}

const MAX_ERROR_BYTES = 8 * 1024

/** The beginning of a body that is no more than an error; the connection is closed. */
export async function readStart(response: GuardedResponse): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    chunks.push(chunk)
    bytes += chunk.byteLength
    if (bytes >= MAX_ERROR_BYTES) break
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, MAX_ERROR_BYTES))
}

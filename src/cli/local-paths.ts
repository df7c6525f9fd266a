import { resolve } from 'node:path'

/** `https://…`, `s3://…`, `file:…`: no path of this folder. */
const URL_LIKE = /^(?:[a-z][a-z0-9+.-]*:\/\/|file:|data:)/i

export const isUrl = (text: string): boolean => URL_LIKE.test(text)

/** A path as the process that carries out the call needs it: that one may stand in another folder. */
export const toAbsolute = (text: string, cwd: string): string =>
  text === '' || isUrl(text) ? text : resolve(cwd, text)

/** `input` with the paths in `fields` made absolute. */
export function absolutePaths(
  input: Readonly<Record<string, unknown>>,
  fields: Iterable<string>,
  cwd: string,
): Record<string, unknown> {
  const made: Record<string, unknown> = { ...input }
  const one = (value: unknown): unknown => (typeof value === 'string' ? toAbsolute(value, cwd) : value)
  for (const name of fields) {
    const value = made[name]
    if (value !== undefined) made[name] = Array.isArray(value) ? value.map(one) : one(value)
  }
  return made
}

import { type CivitaiPage, parseCivitaiLink, toCivitaiLink } from '../civitai/links.ts'
import { AppError } from '../errors.ts'

/** Number and address of one thing on Civitai, as a row keeps them. */
export interface CivitaiPair {
  readonly civitaiId: string | null
  readonly civitaiUrl: string | null
}

export interface GivenPair {
  readonly civitai_id?: string | null | undefined
  readonly civitai_url?: string | null | undefined
}

/**
 * What a row has after `given` (undefined keeps, null clears): an address alone gives the number.
 * @throws AppError invalid_input for an address of something else, and where number and address disagree
 */
export function mergeCivitaiPair(page: CivitaiPage, given: GivenPair, stored?: CivitaiPair): CivitaiPair {
  const civitaiUrl = given.civitai_url === undefined ? (stored?.civitaiUrl ?? null) : given.civitai_url
  const named = civitaiUrl === null ? undefined : parseCivitaiLink(civitaiUrl, page)
  if (given.civitai_url && named === undefined) {
    const expected = `civitai_url must be the address of a Civitai ${page} such as ${toCivitaiLink(page, '12345678')}`
    throw new AppError('invalid_input', expected, { errors: [{ path: 'civitai_url', expected }] })
  }
  const fromUrl = given.civitai_url ? named : undefined
  const civitaiId = given.civitai_id === undefined ? (fromUrl ?? stored?.civitaiId ?? null) : given.civitai_id
  const cleared = given.civitai_id === null && given.civitai_url
  if (cleared || (civitaiId !== null && named !== undefined && named !== civitaiId)) {
    const expected = 'civitai_id and civitai_url must not disagree'
    throw new AppError('invalid_input', expected, {
      errors: [{ path: 'civitai_id', expected }],
      hint: `civitai_url names the ${page} ${named}: send the two that belong together, or civitai_url alone`,
    })
  }
  return { civitaiId, civitaiUrl }
}

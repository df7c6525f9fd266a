import type { Container } from './container.ts'
import { brandsOf } from './iso-brands.ts'
import { readIsoMedia } from './iso-media.ts'

/** Brands that say nothing but "a picture of this kind of file"; which codec, another brand says. */
const ANY_PICTURE = ['mif1', 'msf1', 'miaf', 'mif2', '1pic']
const AV1 = ['avif', 'avis', 'avio', 'MA1A', 'MA1B']
const HEVC = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'heif']

/** AVIF, still and moving. */
export const avif: Container = {
  name: 'avif',
  matches: (head) => isPicture(head, AV1),
  read: (source, limits) => readIsoMedia('avif', ['meta', 'moov'], source, limits),
}

/** HEIC, and HEIF pictures of any other codec than AV1. */
export const heic: Container = {
  name: 'heic',
  matches: (head) => isPicture(head, [...HEVC, ...ANY_PICTURE]),
  read: (source, limits) => readIsoMedia('heic', ['meta', 'moov'], source, limits),
}

/** The major brand decides, unless it says no codec. */
function isPicture(head: Uint8Array, wanted: readonly string[]): boolean {
  const [major, ...others] = brandsOf(head) ?? []
  if (major === undefined) return false
  if (wanted.includes(major)) return true
  return ANY_PICTURE.includes(major) && others.some((brand) => wanted.includes(brand))
}

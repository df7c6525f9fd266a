/** Sizes that pages give of files: claims of people, who round and mistype. */

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  byte: 1,
  bytes: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
}
const SIZE = /^[~≈\s]{0,9}(\d{1,15}(?:[.,]\d{1,6})?)(?:\s{0,3}([a-z]{1,5})\.?(?:\s|\(|$)|\s*$)/i

/** Bytes of `6.46 GB`, `223MB`, `6775430000`; undefined for what is no size. */
export function readSize(text: string): number | undefined {
  const [, digits, unit = ''] = SIZE.exec(text) ?? []
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined
  if (digits === undefined || factor === undefined) return undefined
  // A comma before three digits divides thousands.
  const number = Number(/,\d{3}$/.test(digits) ? digits.replace(',', '') : digits.replace(',', '.'))
  return Math.round(number * factor)
}

const MB = 1e6
const GB = 1e9

/** Smallest and largest that files of these types have been seen with, with room to spare. */
const LIKELY: readonly (readonly [type: RegExp, least: number, most: number])[] = [
  [/^(?:embedding|textualinversion)$/, 1e3, 0.5 * GB],
  [/^(?:lora|lycoris|dora|locon|hypernet\w*)$/, 0.1 * MB, 20 * GB],
  [/^(?:checkpoint|unet|diffusion_?model)$/, 100 * MB, 300 * GB],
  [/^vae$/, 1 * MB, 10 * GB],
  [/^upscaler$/, 0.05 * MB, 10 * GB],
  [/^(?:controlnet|motion|clipvision)$/, 1 * MB, 50 * GB],
]
const ANY = [1e3, 500 * GB] as const

/** Whether a file of that type (as an AIR names it) can have that size. */
export function isLikelySize(sizeBytes: number, type: string | undefined): boolean {
  const [, least, most] = LIKELY.find(([types]) => types.test(type ?? '')) ?? [undefined, ...ANY]
  return sizeBytes >= least && sizeBytes <= most
}

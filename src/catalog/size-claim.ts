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
  pb: 1e15,
  eb: 1e18,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
  eib: 2 ** 60,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
}
const SIZE =
  /^[~≈\s]{0,9}(-?(?:\d{1,3}(?:[,_]\d{3}){1,12}|\d{1,40}(?:[.,]\d{1,20})?)(?:e\+?\d{1,4})?)(?:\s{0,3}([a-z]{1,5})\.?(?:\s|\(|$)|\s*$)/i
/** `size`, `File Size`, `model_size`, `size_bytes`, `sizeKB`, `size (GB)`. */
const FIELD = /^(?:file|model|download)?size(?:in)?\(?(bytes?|kb|kib|mb|mib|gb|gib|tb|tib)?\)?$/

/** The unit that a field of front matter names, empty where it names none; undefined where it is about no size. */
export function sizeUnitOf(key: string): string | undefined {
  const found = FIELD.exec(key.toLowerCase().replace(/[\s_-]/g, ''))
  if (found === null) return undefined
  const [, unit = ''] = found
  // As Civitai counts it.
  return unit === 'kb' ? 'kib' : unit
}

/**
 * Bytes of `6.46 GB`, `223MB`, `6775430000`, however many or few they are; undefined for what is no size.
 * @param usual the unit where the text has none
 */
export function readSize(text: string, usual = ''): number | undefined {
  const [, digits, unit = usual] = SIZE.exec(text) ?? []
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined
  if (digits === undefined || factor === undefined) return undefined
  // A comma before three digits divides thousands.
  const number = Number(
    /^-?\d{1,3}(?:[,_]\d{3})+(?:e|$)/i.test(digits) ? digits.replace(/[,_]/g, '') : digits.replace(',', '.'),
  )
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

/** Identifiers of licences that let a model and its pictures be used commercially, perhaps under conditions. */
const COMMERCIAL: readonly RegExp[] = [
  /^(?:apache|mit|bsd|isc|zlib|unlicense|wtfpl|ncsa|ms-pl|postgresql|artistic|mpl|epl|ecl|afl|osl)(?:-|$)/,
  /^(?:a|l)?gpl(?:-|$)/,
  /^cc0/,
  /^cc-by(?:-sa)?-\d/,
  /^(?:creativeml-|bigscience-|bigcode-)?openrail/,
  /^fair-ai-public-license/,
  /^(?:gemma|llama\d)/,
  /^stabilityai-ai-community$/,
  /^tencent-hunyuan-community$/,
]

/** What says of itself that it is not for commercial use; looked at first. */
const NONCOMMERCIAL = /(?:^|[-_. ])(?:nc|non-?commercial|noncommercial|research(?:-only)?)(?:[-_. ]|$)/

/**
 * What a licence's identifier (SPDX, or Hugging Face's) says of commercial use; undefined for `other`, `unknown` and
 * whatever is not known here, which is no permission.
 */
export function readLicence(name: string): 'commercial' | 'noncommercial' | undefined {
  const id = name.trim().toLowerCase()
  if (NONCOMMERCIAL.test(id)) return 'noncommercial'
  return COMMERCIAL.some((pattern) => pattern.test(id)) ? 'commercial' : undefined
}

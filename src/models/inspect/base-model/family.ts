/** Base models whose files look alike, by Civitai's names. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^SD 1/i, 'sd1'],
  [/^SD 2/i, 'sd2'],
  [/^SD 3/i, 'sd3'],
  [/^(?:SDXL|Illustrious|NoobAI|Playground v2|Pony$|Pony V6)/i, 'sdxl'],
  [/^SVD/i, 'svd'],
  [/^(?:Flux\.1|Chroma)/i, 'flux1'],
  [/^Flux\.2/i, 'flux2'],
  [/^Wan/i, 'wan'],
  [/^LTX/i, 'ltx'],
  [/^(?:ZImage|Z-Image)/i, 'zimage'],
  [/^PixArt/i, 'pixart'],
  [/^(?:AuraFlow|Pony V7)/i, 'auraflow'],
  [/^Qwen/i, 'qwen'],
  [/^Hunyuan Video/i, 'hunyuan video'],
]

export function baseModelFamily(name: string): string {
  return FAMILIES.find(([pattern]) => pattern.test(name))?.[1] ?? name.toLowerCase()
}

import { flux2Version, fluxDevVersion, sd2Version, sd35LargeVersion, wanVersion, zImageVersion } from './variants.ts'

type Name = string | ((text: string, hints: string) => string | undefined)

/**
 * What ModelSpec (`modelspec.architecture`, SwarmUI's spellings too), kohya and ai-toolkit (`ss_base_model_version`) and
 * gguf (`general.architecture`) write, in lower case with `-` for `_` and blanks; the first that fits.
 */
const NAMES: readonly (readonly [RegExp, Name])[] = [
  [/^stable-video-diffusion|^svd/, 'SVD'],
  [/^stable-cascade/, 'Stable Cascade'],
  [/^stable-diffusion-xl-v?0[-.]9/, 'SDXL 0.9'],
  [/^(?:stable-diffusion-xl|sdxl)-turbo/, 'SDXL Turbo'],
  [/^segmind|^ssd-1b/, 'SDXL Distilled'],
  [/^(?:stable-diffusion-xl|sdxl)/, 'SDXL 1.0'],
  [/^(?:stable-diffusion-|sd-?)(?:v?3-)?v?3[-.]?5-large/, sd35LargeVersion],
  [/^(?:stable-diffusion-|sd-?)(?:v?3-)?v?3[-.]?5-medium/, 'SD 3.5 Medium'],
  [/^(?:stable-diffusion-|sd-?)v?3[-.]5/, 'SD 3.5'],
  [/^(?:stable-diffusion-|sd-?)v?3/, 'SD 3'],
  [/^stable-diffusion-v?2.*unclip/, 'SD 2.1 Unclip'],
  [/^(?:stable-diffusion-|sd-?)v?2/, (text, hints) => sd2Version(`${text} ${hints}`)],
  [/^(?:stable-diffusion-|sd-?)v?1/, 'SD 1.5'],
  [/^flux[-.]?1?.*kontext/, 'Flux.1 Kontext'],
  [/^flux[-.]?1?.*krea/, 'Flux.1 Krea'],
  [/^flux[-.]?1?-?schnell/, 'Flux.1 S'],
  [/^flux[-.]?2/, flux2Named],
  [/^flux/, (_, hints) => fluxDevVersion(hints)],
  [/^chroma/, 'Chroma'],
  [/^pony-?v7/, 'Pony V7'],
  [/^aura/, 'AuraFlow'],
  [/^wan/, wanNamed],
  [/^(?:hunyuan-?video|hyvid)(?!-?1[-.]5)/, 'Hunyuan Video'],
  [/^(?:hunyuan-?dit|hydit)/, 'Hunyuan 1'],
  [/^(?:lightricks-)?ltx-?v?(?:ideo)?-?2[-.]3/, 'LTXV 2.3'],
  [/^(?:lightricks-)?ltx-?v?(?:ideo)?-?2(?!\d|[-.]\d(?!\d))/, 'LTXV2'],
  [/^(?:lightricks-)?ltx-?v?(?:ideo)?-?2/, () => undefined],
  [/^(?:lightricks-)?ltx/, 'LTXV'],
  [/^qwen-?image/, 'Qwen'],
  [/^z-?image/, (text, hints) => zImageVersion(`${text} ${hints}`)],
  [/^lumina-?2/, 'Lumina'],
  [/^pixart.*sigma/, 'PixArt E'],
  [/^pixart.*alpha/, 'PixArt a'],
  [/^(?:genmo-)?mochi/, 'Mochi'],
  [/^cogvideo-?x/, 'CogVideoX'],
  [/^hidream-?i1|^hidream$/, 'HiDream'],
  [/^kolors/, 'Kolors'],
  [/^playground-?v2/, 'Playground v2'],
  [/^illustrious/, 'Illustrious'],
  [/^noob-?ai/, 'NoobAI'],
  [/^pony(?!-?v7)/, 'Pony'],
  [/^anima$/, 'Anima'],
]

/** Base model by the name of an architecture; undefined of one that is not known. */
export function architectureBaseModel(architecture: string, hints: string): string | undefined {
  const text = architecture
    .trim()
    .toLowerCase()
    .replaceAll(/[_\s]+/g, '-')
  const name = NAMES.find(([pattern]) => pattern.test(text))?.[1]
  return typeof name === 'function' ? name(text, hints) : name
}

function flux2Named(text: string, hints: string): string | undefined {
  const size = /9b/.test(text) ? 4096 : /4b/.test(text) ? 3072 : undefined
  if (/klein/.test(text)) return flux2Version(size, `${text} ${hints}`)
  return 'Flux.2 D'
}

function wanNamed(text: string, hints: string): string | undefined {
  const width = /1[-.]3b/.test(text) ? 1536 : /(?:^|[^\d.])5b/.test(text) ? 3072 : 5120
  return wanVersion({ width, channels: undefined, pictureLayers: false }, `${text} ${hints}`)
}

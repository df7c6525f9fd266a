/**
 * Versions whose tensors look the same. `hints` are the names by which file and header call the model, in lower case:
 * where they do not tell either, the answer is a name for the family, or none where Civitai has no such name.
 */

const is = (pattern: RegExp, hints: string): boolean => pattern.test(hints)

export interface WanShape {
  /** Width of its blocks. */
  readonly width: number | undefined
  /** Channels of what goes in: 36 takes a picture. Undefined of a LoRA. */
  readonly channels: number | undefined
  /** It has the layers for a picture that only 2.1 has. */
  readonly pictureLayers: boolean
}

export function wanVersion({ width, channels, pictureLayers }: WanShape, hints: string): string | undefined {
  if (width === 1536) return 'Wan Video 1.3B t2v'
  if (width === 3072) return 'Wan Video 2.2 TI2V-5B'
  if (width !== 5120) return undefined
  if (pictureLayers) return wanPictures(hints)
  if (channels === 36) return 'Wan Video 2.2 I2V-A14B'
  // Of 2.2 there are two halves, which 2.1 never had.
  const newer = is(/wan[-_. ]?(?:video[-_. ]?)?2[-_. ]?2|(?:high|low)[-_. ]?noise/, hints)
  const older = is(/wan[-_. ]?(?:video[-_. ]?)?2[-_. ]?1(?!\d)/, hints)
  if (newer === older) return 'Wan Video'
  const pictures = is(/i2v|image2video|image-to-video/, hints)
  const texts = channels === 16 || is(/t2v|text2video|text-to-video/, hints)
  if (pictures === texts) return 'Wan Video'
  if (newer) return pictures ? 'Wan Video 2.2 I2V-A14B' : 'Wan Video 2.2 T2V-A14B'
  return pictures ? wanPictures(hints) : 'Wan Video 14B t2v'
}

function wanPictures(hints: string): string {
  if (is(/480/, hints)) return 'Wan Video 14B i2v 480p'
  return is(/720/, hints) ? 'Wan Video 14B i2v 720p' : 'Wan Video'
}

export function fluxDevVersion(hints: string): string {
  if (is(/kontext/, hints)) return 'Flux.1 Kontext'
  return is(/flux.*krea|krea.*flux/, hints) ? 'Flux.1 Krea' : 'Flux.1 D'
}

export function flux2Version(width: number | undefined, hints: string): string | undefined {
  if (width === 6144) return 'Flux.2 D'
  const size = width === 4096 ? '9B' : width === 3072 ? '4B' : undefined
  if (size === undefined || !is(/klein/, hints)) return undefined
  return `Flux.2 Klein ${size}${is(/base/, hints) ? '-base' : ''}`
}

export function zImageVersion(hints: string): string | undefined {
  if (is(/turbo/, hints)) return 'ZImageTurbo'
  return is(/base/, hints) ? 'ZImageBase' : undefined
}

/** LTX with sound. */
export function ltx2Version(hints: string): string | undefined {
  if (is(/ltx[-_. ]?v?(?:ideo)?[-_. ]?2[-_.]3/, hints)) return 'LTXV 2.3'
  return is(/ltx[-_. ]?v?(?:ideo)?[-_. ]?2(?!\d|[-_.]\d(?!\d))/, hints) ? 'LTXV2' : undefined
}

export function sd2Version(hints: string): string {
  const size = is(/768/, hints) ? ' 768' : ''
  return is(/v?2[-_.]0(?!\d)/, hints) ? `SD 2.0${size}` : `SD 2.1${size}`
}

export const sd35LargeVersion = (hints: string): string => (is(/turbo/, hints) ? 'SD 3.5 Large Turbo' : 'SD 3.5 Large')

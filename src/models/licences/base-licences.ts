/** The licence under which a base model was published, which binds what others made from it. */
export interface BaseLicence {
  /** As Hugging Face names it. */
  readonly name: string
  readonly allowsCommercialUse: boolean
  /** Its publisher gives the weights only to those who have accepted the licence (a gated repository). */
  readonly asksForAcceptance: boolean
}

const licence = (name: string, commercial: boolean, acceptance = false): BaseLicence => ({
  name,
  allowsCommercialUse: commercial,
  asksForAcceptance: acceptance,
})

const APACHE = licence('apache-2.0', true)
const MIT = licence('mit', true)
const FLUX_DEV = licence('flux-1-dev-non-commercial-license', false, true)
const STABILITY_COMMUNITY = licence('stabilityai-ai-community', true, true)

/** Base models as Civitai spells them; the first that fits counts. */
const BASES: readonly (readonly [RegExp, BaseLicence])[] = [
  [/^sd ?(?:1|2)\b/, licence('creativeml-openrail-m', true)],
  [/^(?:sdxl ?turbo|sd ?turbo)/, licence('sai-nc-community', false)],
  [/^svd\b|^stable video/, licence('stable-video-diffusion-nc-community', false, true)],
  [/^stable cascade/, licence('stable-cascade-nc-community', false)],
  [/^sd ?3/, STABILITY_COMMUNITY],
  [/^noobai/, licence('noobai-xl', false)],
  [/^illustrious/, licence('fair-ai-public-license-1.0-sd', true)],
  [/^(?:sdxl|pony(?! ?v7)|playground)/, licence('openrail++', true)],
  [/^flux\.?[ -]?1?[ -]*s\b|^flux.*schnell/, APACHE],
  [/^flux\.?[ -]?[12](?:\.1)?[ -]*\[?(?:d|dev|kontext|krea|fill)\b/, FLUX_DEV],
  [/^wan (?:video|image)?[ -]*2\.[5-9]/, licence('wan-hosted', false)],
  [/^wan\b/, APACHE],
  [/^(?:qwen|z ?-?image|chroma|auraflow|pony ?v7|kolors|lumina|mochi|pixart)/, APACHE],
  [/^hidream/, MIT],
  [/^hunyuan/, licence('tencent-hunyuan-community', true)],
  [/^ltx/, licence('ltxv-open-weights', true)],
  [/^cogvideo/, licence('cogvideox', true)],
]

/** @param baseModel as Civitai or a file's header names it; undefined for one whose licence is not written down here */
export function baseLicenceOf(baseModel: string): BaseLicence | undefined {
  const name = baseModel.trim().toLowerCase().replaceAll('_', ' ')
  return BASES.find(([pattern]) => pattern.test(name))?.[1]
}

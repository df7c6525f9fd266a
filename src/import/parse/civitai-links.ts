import type { DependencyType } from '../dependency.ts'
import { createFindings, TRUST } from '../mention.ts'
import { hasModelExtension } from '../model-name.ts'
import { readReference } from '../reference.ts'
import { isDamagedJson } from './damaged-json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/**
 * Addresses of models in a text: pages and downloads of Civitai, files at Hugging Face. One or several, alone on their
 * lines or in between words; only where there is nothing but links are they surely meant as what is needed.
 */
export const civitaiLinks: PromptParser = { format: 'civitai', detect, parse }

const LINK = /https?:\/\/[^\s"'<>()[\]{}|\\^`]{4,2000}/gi
const MOST = 1000

/** `/models/12?modelVersionId=34`, `/api/download/models/34`, `/api/v1/model-versions/34`. */
const CIVITAI =
  /^https?:\/\/(?:[^/?#@]{1,200}@)?(?:www\.)?civitai\.(?:com|red|green|blue)\/(?:models|api\/download\/models|api\/v1\/model-versions)\/\d/i
const HUGGING_FACE =
  /^https?:\/\/(?:[^/?#@]{1,200}@)?(?:www\.)?(?:huggingface\.co|hf\.co)\/[^/?#]+\/[^/?#]+\/(?:resolve|blob)\/[^/?#]+\/([^?#]+)/i

export function isModelLink(link: string): boolean {
  if (CIVITAI.test(link)) return true
  const path = HUGGING_FACE.exec(link)?.[1]
  return path !== undefined && hasModelExtension(path)
}

const linksIn = (text: string): string[] => {
  const links: string[] = []
  for (const [link] of text.matchAll(LINK)) {
    const trimmed = link.replace(/[.,;:!?]{1,20}$/, '')
    if (isModelLink(trimmed)) links.push(trimmed)
    if (links.length >= MOST) break
  }
  return links
}

function detect(input: ParserInput): number {
  const { text } = input
  const value = input.json()
  if (typeof value === 'object' && value !== null) return 0
  if (!/civitai\.|huggingface\.co|\bhf\.co/i.test(text)) return 0
  if (isDamagedJson(input) || linksIn(text).length === 0) return 0
  return isOnlyLinks(text) ? 0.9 : 0.3
}

const isOnlyLinks = (text: string): boolean => text.replace(LINK, '').replace(/[\s"'<>()[\]{}|\\,;*-]+/g, '') === ''

function parse({ text }: ParserInput): ParsedSource {
  const findings = createFindings()
  for (const link of new Set(linksIn(text))) {
    const place = HUGGING_FACE.test(link) ? 'huggingface:link' : 'civitai:link'
    findings.add({ ...typeOf(link), ...readReference(link, place, findings), evidence: [place] })
  }
  return {
    format: 'civitai',
    trust: isOnlyLinks(text) ? TRUST.native : TRUST.claim,
    mentions: findings.mentions,
    generation: {},
    warnings: findings.warnings,
  }
}

/** Folders of models by the names that ComfyUI and its relatives give them. */
const FOLDERS: readonly (readonly [RegExp, DependencyType])[] = [
  [/lora|lycoris/, 'lora'],
  [/controlnet|control_net|t2i/, 'controlnet'],
  [/ip-?_?adapter/, 'ipadapter'],
  [/clip_?vision|image_encoder/, 'clip_vision'],
  [/text_?encoder|(?:^|\/)clip\//, 'text_encoder'],
  [/diffusion_model|(?:^|\/)unet\/|transformer/, 'diffusion_model'],
  [/upscale|esrgan/, 'upscaler'],
  [/embedding|textual/, 'embedding'],
  [/style_model/, 'style_model'],
  [/(?:^|\/)vae/, 'vae'],
  [/checkpoint/, 'checkpoint'],
]

/** What a link's own words suggest: the folder in a repository, and `type=VAE` where a version has several files. */
function typeOf(link: string): { type: DependencyType; guessed: true } {
  const path = HUGGING_FACE.exec(link)?.[1]?.toLowerCase().slice(0, 500)
  const isVae = path === undefined && /[?&]type=vae(?:&|$)/i.test(link)
  const folder = path === undefined ? undefined : FOLDERS.find(([pattern]) => pattern.test(path))
  return { type: isVae ? 'vae' : (folder?.[1] ?? 'other'), guessed: true }
}

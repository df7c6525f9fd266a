import { type Generation, toGeneration } from '../../generation.ts'
import type { Findings, Mention } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { fieldOf, objectsIn, textOf } from '../json.ts'
import { addPromptNames } from './prompt-names.ts'

/** `sd-metadata` of the second generation: the model by the name of its weights and by their hash. */
export function readSdMetadata(root: unknown, findings: Findings): Generation {
  const place = 'invokeai:sd-metadata'
  const image = fieldOf(root, 'image') ?? objectsIn(fieldOf(root, 'images'))[0]
  const name = textOf(fieldOf(root, 'model_weights')) ?? textOf(fieldOf(root, 'model_id')) ?? ''
  const hashes = findings.hash(fieldOf(root, 'model_hash'), `${place} model_hash`)
  if (name !== '' || hashes.length > 0) {
    const read = name === '' ? {} : readReference(name, place, findings)
    findings.add({ type: 'checkpoint', ...read, hashes: [...(read.hashes ?? []), ...hashes], evidence: [place] })
  }
  for (const step of objectsIn(fieldOf(image, 'postprocessing'))) addPostprocessing(step, findings)
  const prompt = promptOf(fieldOf(image, 'prompt'))
  addPromptNames(prompt, `${place} prompt`, findings)
  return toGeneration({
    prompt,
    seed: fieldOf(image, 'seed'),
    steps: fieldOf(image, 'steps'),
    sampler: fieldOf(image, 'sampler'),
    cfg_scale: fieldOf(image, 'cfg_scale'),
    width: fieldOf(image, 'width'),
    height: fieldOf(image, 'height'),
    software: 'InvokeAI',
    version: fieldOf(root, 'app_version'),
  })
}

const promptOf = (value: unknown): string =>
  textOf(value) ??
  objectsIn(value)
    .flatMap((part) => textOf(fieldOf(part, 'prompt')) ?? [])
    .join(' ')

/** Files that came with the program. */
const POSTPROCESSING: ReadonlyMap<string, Pick<Mention, 'type' | 'name'>> = new Map([
  ['gfpgan', { type: 'other', name: 'GFPGAN' }],
  ['codeformer', { type: 'other', name: 'CodeFormer' }],
  ['esrgan', { type: 'upscaler', name: 'RealESRGAN' }],
])

function addPostprocessing(step: unknown, findings: Findings): void {
  const known = POSTPROCESSING.get(textOf(fieldOf(step, 'type'))?.toLowerCase() ?? '')
  if (known === undefined) return
  findings.add({ ...known, optional: true, evidence: ['invokeai:sd-metadata postprocessing'] })
}

const FLAG = /\s-([a-zA-Z])\s{0,3}([\w.+-]{1,40})/g

/** Looks like the words behind the prompt of the first generation's command line. */
export const looksLikeDream = (text: string): boolean =>
  text.length < 100_000 && /^\s{0,20}".{0,50000}" -s ?\d+ .{0,200}-[SWHC] ?\d/s.test(text)

/** `Dream`, the command line of the first generation: `"a cat" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms`. */
export function readDream(text: string, findings: Findings): Generation {
  const line = text.slice(0, 100_000).trim()
  const quoted = line.startsWith('"') ? line.lastIndexOf('"') : -1
  const end = quoted > 0 ? quoted + 1 : line.search(/\s-[a-zA-Z]\s{0,3}[\d.]/)
  const prompt = quoted > 0 ? line.slice(1, quoted) : line.slice(0, end < 0 ? undefined : end)
  const flags = new Map(
    Array.from((end < 0 ? '' : ` ${line.slice(end)}`).matchAll(FLAG), (match) => [match[1] ?? '', match[2] ?? '']),
  )
  addPromptNames(prompt, 'invokeai:Dream prompt', findings)
  return toGeneration({
    prompt,
    seed: flags.get('S'),
    steps: flags.get('s'),
    sampler: flags.get('A'),
    cfg_scale: flags.get('C'),
    width: flags.get('W'),
    height: flags.get('H'),
    software: 'InvokeAI',
  })
}

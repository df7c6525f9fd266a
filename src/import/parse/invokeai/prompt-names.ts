import { toNumber } from '../../generation.ts'
import type { Findings } from '../../mention.ts'

const EMBEDDING = /<([\w-][\w ./-]{1,199})>/g
const LORA = /withLora\(\s{0,9}([^,()\n]{1,200})(?:,\s{0,9}([\d.+-]{1,10})\s{0,9})?\)/gi
const MOST = 500

/**
 * Models in prompts: `<soft-hands>` is an embedding, without which the picture is made all the same, and
 * `withLora(ink_wash_style,0.8)` the LoRA of the second generation.
 */
export function addPromptNames(text: string, place: string, findings: Findings): void {
  const prompt = text.slice(0, 200_000)
  for (const match of take(prompt.matchAll(EMBEDDING))) {
    findings.add({ type: 'embedding', name: (match[1] ?? '').trim(), optional: true, evidence: [place] })
  }
  for (const match of take(prompt.matchAll(LORA))) {
    const weight = toNumber(match[2]) ?? 1
    findings.add({ type: 'lora', name: (match[1] ?? '').trim(), weight, active: weight !== 0, evidence: [place] })
  }
}

function* take(matches: Iterable<RegExpExecArray>): Generator<RegExpExecArray> {
  let count = 0
  for (const match of matches) {
    if (count >= MOST) return
    count += 1
    yield match
  }
}

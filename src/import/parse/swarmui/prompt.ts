import type { Findings } from '../../mention.ts'
import { entriesOf, textOf } from '../json.ts'
import { addTags, readTags, SWARM_TAGS } from '../prompt-tags.ts'

/**
 * Models that the tags of prompts name. What was written before wildcards and random choices were settled
 * (`original_prompt`) is no prompt: it holds what was not chosen, too.
 */
export function addPrompts(params: unknown, findings: Findings): void {
  for (const [param, value] of entriesOf(params)) {
    const text = param.endsWith('prompt') && !param.startsWith('original') ? textOf(value) : undefined
    if (text !== undefined) addPrompt(text, `swarmui:${param}`, findings)
  }
}

function addPrompt(text: string, place: string, findings: Findings): void {
  addTags(text, place, SWARM_TAGS, findings)
  for (const { kind, args } of readTags(text)) {
    if (kind !== 'segment' && kind !== 'clear') continue
    for (const name of detectorsOf(args.join(':'))) findings.add({ type: 'detector', name, evidence: [place] })
  }
}

/**
 * `yolo-face.pt | yolo-hair.pt-1 | fingers,0.6,0.5//cid=11`: files of detectors, the second with the number of the one
 * that it finds, and words for CLIPSeg, which SwarmUI fetches by itself. `:0,apple:` behind a file chooses classes.
 */
const detectorsOf = (areas: string): string[] =>
  areas.split('|', 50).flatMap((area) => {
    const file = /^yolo-(.+)$/.exec(
      area
        .replace(/\/\/cid=.*$/s, '')
        .split(/[,:]/)[0]
        ?.trim() ?? '',
    )?.[1]
    return file === undefined ? [] : [file.replace(/-\d{1,4}$/, '')]
  })

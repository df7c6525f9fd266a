import type { GraphNode } from './graph.ts'

const MOST_CHARACTERS = 100
const CONTROL = /\p{Cc}/u

/** Ids and names of inputs come from the file: they are shown as evidence, so short and without control characters. */
export function cleanLabel(text: string): string {
  if (text.length <= MOST_CHARACTERS && !CONTROL.test(text)) return text
  const start = text.slice(0, MOST_CHARACTERS).replaceAll(/\p{Cc}/gu, '?')
  return text.length > MOST_CHARACTERS ? `${start}…` : start
}

/** Where an input stands: `comfyui:prompt node 12 lora_name`. */
export const inputPlace = (node: GraphNode, input: string): string => `${node.place} ${cleanLabel(input)}`

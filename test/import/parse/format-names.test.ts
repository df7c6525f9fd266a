import { expect, test } from 'bun:test'
import { airList } from '../../../src/import/parse/air-list.ts'
import { civitaiImage } from '../../../src/import/parse/civitai-image.ts'
import { civitaiLinks } from '../../../src/import/parse/civitai-links.ts'
import { drawThings } from '../../../src/import/parse/draw-things.ts'
import { invokeai } from '../../../src/import/parse/invokeai.ts'
import { loraManager } from '../../../src/import/parse/lora-manager.ts'
import { novelai } from '../../../src/import/parse/novelai.ts'
import { swarmui } from '../../../src/import/parse/swarmui.ts'
import { tensorArt } from '../../../src/import/parse/tensorart.ts'
import { toInput } from '../../../src/import/parse/text-input.ts'

/** People name formats by these words, and jobs store them. */
test.each([
  [airList, 'air'],
  [civitaiImage, 'civitai'],
  [civitaiLinks, 'civitai'],
  [drawThings, 'drawthings'],
  [invokeai, 'invokeai'],
  [loraManager, 'lora_manager'],
  [novelai, 'novelai'],
  [swarmui, 'swarmui'],
  [tensorArt, 'tensorart'],
] as const)('format %#', (parser, format) => {
  const { format: parsed } = parser.parse(toInput({ place: 'text', key: '', text: '{}' }), {})
  expect([parser.format, parsed]).toEqual([format, format])
})

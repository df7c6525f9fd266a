import { describe, expect, test } from 'bun:test'
import { LOADER_ROWS } from '../../../../src/import/parse/comfyui/loaders/find-loader.ts'
import type { NodeLoader } from '../../../../src/import/parse/comfyui/loaders/loader.ts'
import { widgetsOf } from '../../../../src/import/parse/comfyui/widgets.ts'

/** Loaders whose values nobody can name, and why. */
const WITHOUT_ORDER: ReadonlyMap<string, string> = new Map([
  ['Control Net Stacker', 'its ControlNet comes over a link'],
  ['Zoe_DepthAnythingPreprocessor', 'its menu chooses between indoors and outdoors, not between files'],
  ['Load Lora', 'several packs have one, each with widgets of its own'],
  ['MZ_ChatGLM3', 'it was in its pack for some days only, and its widgets are not recorded'],
  ['DepthAnythingV2', 'no pack that is known has it any more'],
  ['LoadDepthAnythingV2Model', 'no pack that is known has it any more'],
])

const inputsOf = ({ models, tags, lists }: NodeLoader): string[] => [
  ...models.map(({ input }) => input),
  ...(tags?.inputs ?? []),
  ...(lists === undefined ? [] : [lists.names, lists.weights]),
]

const CLASSES = LOADER_ROWS.flatMap(([names, loader]) => names.map((name) => [name, inputsOf(loader)] as const))

describe('the order of the widgets of a loader is known, or why it is not', () => {
  test.each(CLASSES)('%s', (className, inputs) => {
    const orders = widgetsOf(className)
    const named = orders.flat().filter((widget) => inputs.includes(widget))
    expect(named.length > 0).toBe(!WITHOUT_ORDER.has(className))
    for (const order of orders) expect(order).toEqual([...new Set(order)])
  })

  test('and no reason is for a class that is gone', () => {
    const known = new Set(CLASSES.map(([name]) => name))
    expect([...WITHOUT_ORDER.keys()].filter((name) => !known.has(name))).toEqual([])
  })
})

test.each([
  ['KSampler', 1],
  ['ksampler', 1],
  ['UNETLoaderDisTorch2MultiGPU', 1],
  ['LoraLoaderBlockWeight //Inspire', 3],
  ['Mist', 0],
  ['__proto__', 0],
])('%s has %d', (className, count) => {
  expect(widgetsOf(className)).toHaveLength(count)
})

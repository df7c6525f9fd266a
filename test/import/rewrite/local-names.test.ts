import { expect, test } from 'bun:test'
import { createLocalNames } from '../../../src/import/rewrite/local-names.ts'

test.each([
  '',
  ' (weight 0.8)',
  ' (weight 1, on the text encoder 0.5)',
  ' (only claimed: not all of the executed graph is known)',
  ' (weight 0.8) (only claimed: not all of the executed graph is known)',
])('of two that are written alike the one at the input is meant, whatever evidence says behind it: %p', (remark) => {
  const at = (name: string, key: string) => ({
    type: 'lora' as const,
    written: ['ink.pt'],
    name,
    places: [`comfyui:prompt node 1 ${key}${remark}`],
  })
  const names = createLocalNames([at('a/ink.pt', 'lora_name'), at('b/ink.pt', 'modelname')])
  expect(names.find('ink.pt', { key: 'lora_name' })).toBe('a/ink.pt')
  expect(names.find('ink.pt', { key: 'modelname' })).toBe('b/ink.pt')
  expect(names.find('ink.pt')).toBeUndefined()
  expect(names.isNamedAt('ink.pt', 'modelname')).toBe(true)
})

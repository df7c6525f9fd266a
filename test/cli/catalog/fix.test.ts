import { expect, test } from 'bun:test'
import { renderFix } from '../../../src/cli/catalog/fix.ts'

test.each([
  [{ diff: '', air: 'urn:air:sdxl:lora:civitai:1@2', notes: ['nothing to fix: it has an AIR'] }, 'Nothing to fix'],
  [{ diff: '', air: null, notes: ['the AIR cannot be told'] }, 'Not fixed'],
  [{ diff: '', notes: [] }, 'Not fixed'],
])('%j begins with %s', (output, words) => {
  expect(renderFix(output).split('\n')).toEqual([words, ...output.notes])
})

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { findAirs } from '../../src/air/find-airs.ts'

const texts = (text: string): string[] => findAirs(text).map((found) => found.text)

describe('findAirs', () => {
  const rows: readonly (readonly [text: string, airs: string[]])[] = [
    ['none here', []],
    ['made with urn:air:sdxl:lora:civitai:1@2.', ['urn:air:sdxl:lora:civitai:1@2']],
    [
      '["urn:air:sdxl:lora:civitai:1@2","URN:AIR:sdxl:vae:civitai:3@4"]',
      ['urn:air:sdxl:lora:civitai:1@2', 'URN:AIR:sdxl:vae:civitai:3@4'],
    ],
    ['(air:sdxl:lora:civitai:1@2), civitai:5@6!', ['air:sdxl:lora:civitai:1@2', 'civitai:5@6']],
    ['civitai:version:7 and chair:a:b', []],
    ['urn:air:urn:air:sdxl:lora:civitai:1@2', ['urn:air:sdxl:lora:civitai:1@2']],
    [
      'x=urn:air:sdxl:lora:civitai:1@2&y=air:sdxl:lora:civitai:3@4',
      ['urn:air:sdxl:lora:civitai:1@2', 'air:sdxl:lora:civitai:3@4'],
    ],
    ['urn:air:sdxl:lora:civitai:1@2#x', ['civitai:1@2']],
    ['civitai:1/civitai:2', ['civitai:1', 'civitai:2']],
    [
      'urn:air:x urn:air:sdxl:lora:huggingface:a/b@main/c.safetensors',
      ['urn:air:sdxl:lora:huggingface:a/b@main/c.safetensors'],
    ],
  ]
  test.each(rows)('%s', (text, airs) => {
    expect(texts(text)).toEqual(airs)
  })

  test('tells what it found', () => {
    expect(findAirs('civitai:5@6')).toEqual([
      { text: 'civitai:5@6', air: { source: 'civitai', id: '5', version: '6' } },
    ])
  })

  test('the first thousand of them', () => {
    expect(findAirs('civitai:1@2 '.repeat(1500))).toHaveLength(1000)
  })

  test('any text, in time', () => {
    fc.assert(fc.property(fc.string(), (text) => findAirs(text).length === 0))
    for (const piece of ['urn:air:', 'air:a', 'air:', 'civitai:1', 'civitai:1/', `urn:air:${'a'.repeat(999)}`]) {
      expect(texts(piece.repeat(2_000_000 / piece.length)).length).toBeLessThanOrEqual(1000)
    }
  })
})

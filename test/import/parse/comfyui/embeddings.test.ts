import { describe, expect, test } from 'bun:test'
import { readEmbeddings } from '../../../../src/import/parse/comfyui/embeddings.ts'
import { brief, graphOf, node, oneSays, say } from './graphs.ts'

const says = (text: string): string[] =>
  readEmbeddings(text).map(({ name, ignored }) => (ignored === undefined ? name : `${name} (${ignored})`))

describe('an embedding', () => {
  const rows: readonly (readonly [text: string, says: string[]])[] = [
    ['embedding:a', ['a']],
    ['mist embedding:a fog', ['a']],
    ['mist\nembedding:a\nfog', ['a']],
    ['(embedding:a:1.2)', ['a']],
    ['(mist, embedding:sub/a.pt:-0.5)', ['sub/a.pt']],
    ['((embedding:a)), (fog)embedding:b', ['a', 'b']],
    ['embedding:a, embedding:b,, fog', ['a', 'b']],
    ['embedding: a', ['a']],
    ['embedding:v0.178-x', ['v0.178-x']],
    ['cat,embedding:a', ['a (no blank before it)']],
    ['xembedding:a', ['a (no blank before it)']],
    ['\\(embedding:a\\)', ['a\\ (no blank before it)']],
    ['embedding:a,cat', ['a (no blank behind it)']],
    ['embedding:a:1.2', ['a (no blank behind it)']],
    ['embedding:a|b', ['a (no blank behind it)']],
    ['Embedding:a', ['a (its first word is in capitals)']],
    ['embedding:', []],
    ['embedding\n:a', []],
    ['no such thing', []],
  ]
  test.each(rows)('%p', (text, found) => {
    expect(says(text)).toEqual(found)
  })

  test('is listed with where it stands', () => {
    const { mentions } = say(graphOf({ 6: node('CLIPTextEncode', { text: 'x,embedding:a embedding:b' }) }))
    expect(mentions).toEqual([
      {
        type: 'embedding',
        name: 'a',
        optional: true,
        active: false,
        skip: 'ComfyUI does not take it for an embedding: no blank before it',
        evidence: ['comfyui:prompt node 6 text'],
      },
      { type: 'embedding', name: 'b', optional: true, active: true, evidence: ['comfyui:prompt node 6 text'] },
    ])
  })

  test('is found in any text, but not in the template that a text was made of', () => {
    expect(oneSays('PrimitiveString', { value: 'embedding:a' })).toEqual(['embedding a (optional)'])
    const inputs = { wildcard_text: 'embedding:a', populated_text: 'embedding:b' }
    expect(oneSays('ImpactWildcardProcessor', inputs)).toEqual(['embedding b (optional)'])
    expect(oneSays('Some Wildcard', { wildcard_text: 'embedding:a' })).toEqual(['embedding a (optional)'])
  })

  test('a text with nothing else is read in one pass', () => {
    expect(says('embedding:a '.repeat(100_000))).toHaveLength(1000)
    expect(says('embedding:'.repeat(100_000)).length).toBeLessThanOrEqual(1000)
  })
})

test('LoRA tags are read by nodes that load them, and by no others', () => {
  const graph = graphOf({
    1: node('CLIPTextEncode', { text: '<lora:a:1>' }),
    2: node('LoraTagLoader', { text: ['3', 0] }),
    3: node('String', { string: '<lora:b:0.5>' }),
  })
  const { mentions } = say(graph)
  expect(mentions.map(brief)).toEqual(['lora b 0.5'])
  expect(mentions[0]?.evidence).toEqual(['comfyui:prompt node 2 text', 'comfyui:prompt node 3 string'])
})

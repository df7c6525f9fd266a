import { describe, expect, test } from 'bun:test'
import { fieldsOf, readFrontMatter } from '../../src/catalog/front-matter.ts'
import { readPageAir } from '../../src/catalog/page-air.ts'

const AIR = 'urn:air:sdxl:lora:civitai:1327644@1498986'
const airOf = (yaml: string) => readPageAir(readFrontMatter(`---\n${yaml}\n---\n`))

describe('an AIR is found', () => {
  test.each([
    ['plain', `AIR: ${AIR}`],
    ['in lower case', `air: ${AIR}`],
    ['in double quotes', `AIR: "${AIR}"`],
    ['in single quotes', `AIR: '${AIR}'`],
    ['with a comment', `AIR: ${AIR} # pinned`],
    ['with blanks around', `AIR:     ${AIR}    `],
    ['folded', `AIR: >-\n  ${AIR}`],
    ['as a list', `AIR:\n  - ${AIR}`],
    ['as a flow', `{AIR: "${AIR}"}`],
    ['through an anchor', `a: &x ${AIR}\nAIR: *x`],
    ['through a merge', `base: &b\n  AIR: ${AIR}\n<<: *b`],
    ['through merges of merges', `a: &a {AIR: ${AIR}}\nb: &b {<<: *a}\n<<: [*b]`],
    ['of its own before a merged one', `b: &b {air: old}\n<<: *b\nAIR: ${AIR}`],
    ['with a quoted key', `"AIR": ${AIR}`],
    ['in a sentence', `AIR: see ${AIR}.`],
    ['with other fields that are odd', `tags: [a, {b: c}]\nx: null\nAIR: ${AIR}\ny: !thing z`],
  ])('%s', (_, yaml) => {
    expect(airOf(yaml)).toMatchObject({ kind: 'air', airs: [{ source: 'civitai', id: '1327644', version: '1498986' }] })
  })

  test.each([
    [
      'of Hugging Face, as the rules of the catalog have it',
      'urn:air:flux:encoder:huggingface:black-forest-labs/FLUX.1-dev@main/ae.safetensors',
    ],
    ['of an ecosystem with a hyphen', 'urn:air:wanvideo-22-t2v-a14b:lora:civitai:1@2'],
    ['without a version', 'urn:air:sdxl:lora:civitai:1327644'],
    ['short', 'civitai:1@2'],
  ])('%s', (_, text) => {
    expect(airOf(`AIR: ${text}`)).toMatchObject({ kind: 'air', text })
  })

  test('several, each once', () => {
    const { airs } = airOf(`AIR: [${AIR}, 'urn:air:sdxl:lora:civitai:5@6']\nair: ${AIR}`)
    expect(airs.map(({ id }) => id)).toEqual(['1327644', '5'])
  })
})

test.each([
  ['', 'none'],
  ['AIR:', 'none'],
  ['AIR: ""', 'none'],
  ['AIR: ~', 'none'],
  ['AIR: harbor-lights-v2', 'slug'],
  ['AIR: 12', 'slug'],
  ['AIR: "urn:air:"', 'broken'],
  ['AIR: {id: 1}', 'none'],
] as const)('%j is %s', (yaml, kind) => {
  expect(airOf(yaml).kind).toBe(kind)
})

describe('where it ends', () => {
  test.each([
    ['---\na: b\n---\nbody', 'body'],
    ['---\r\na: b\r\n---\r\nbody', 'body'],
    ['\n  \n---\na: b\n---  \nbody', 'body'],
    ['---\na: b\n...\nbody', 'body'],
    ['---\n---\nbody', 'body'],
    ['---\n# nothing yet\n---\nbody', 'body'],
    ['---\na: b\n---', ''],
    ['body\n---\na: b\n---\n', 'body\n---\na: b\n---\n'],
    ['----\na: b\n---\n', '----\na: b\n---\n'],
    ['---\n\nWords under a line.\n\n---\nmore', '---\n\nWords under a line.\n\n---\nmore'],
    ['---\nWords that never end', '---\nWords that never end'],
  ])('%j', (text, body) => {
    const front = readFrontMatter(text)
    expect(text.slice(front.bodyStart)).toBe(body)
    expect(front.fault).toBeUndefined()
  })
})

test('offsets are those of the text', () => {
  const text = `\n---\r\ntitle: é\r\nAIR: "${AIR}"\r\n---\r\n`
  const [field] = fieldsOf(readFrontMatter(text), 'air')
  const [value] = field?.values ?? []
  expect(text.slice(value?.start, value?.end)).toBe(`"${AIR}"`)
  expect(text.slice((field?.keyEnd ?? 0) - 3, field?.keyEnd)).toBe('AIR')
})

const bomb = `a: &a [x, x]\n${Array.from('bcdefghijklmnopqrstuvwxyz', (name, at) => {
  const before = String.fromCharCode(97 + at)
  return `${name}: &${name} [*${before}, *${before}]`
}).join('\n')}`

describe('faults, each with its own words', () => {
  test.each([
    ['a quote that never closes', 'a: "b', 'is not valid YAML (missing char, line'],
    ['a colon in a title', 'title: one: two', 'is not valid YAML'],
    ['tabs', 'a:\n\tb: c', 'is not valid YAML (tab as indent, line 3)'],
    ['a list', '- a\n- b', 'is not a list of names and values'],
    ['a bomb', bomb, 'repeats itself through too many anchors and aliases'],
    ['an alias of nothing', 'a: *nowhere', 'repeats itself'],
    ['nesting in brackets', `a: ${'['.repeat(20_000)}`, 'is nested too deep'],
    ['nesting in dashes', `x: y\n${'- '.repeat(15_000)}`, 'is nested too deep'],
    ['nesting in question marks', `x: y\n${'? '.repeat(15_000)}`, 'is nested too deep'],
  ])('%s', (_, yaml, words) => {
    expect(readFrontMatter(`---\n${yaml}\n---\n`).fault).toContain(words)
  })

  test('it never ends', () => {
    expect(readFrontMatter('---\na: b\nbody').fault).toContain('does not end: a line with --- is missing')
    expect(readFrontMatter(`---\na: b\n${'c: d\n'.repeat(20_000)}---\n`).fault).toContain('does not end within')
  })

  test.each([`AIR: ${AIR}\na: "b`, `title: LoRA: the best: one\nair: "${AIR}" # x`, `a: [\nAIR: ${AIR}`])(
    'what could be read is there all the same: %j',
    (yaml) => {
      expect(airOf(yaml)).toMatchObject({ kind: 'air', text: AIR })
    },
  )

  test.each(['AIR: "urn:air\n foo: [', `a: [\n  AIR: ${AIR}`, `a: b: c\nAIR: [${AIR}`])('not of it: %j', (yaml) => {
    expect(airOf(yaml).kind).not.toBe('air')
  })

  test('a bomb of merges', () => {
    const merges = Array.from(
      { length: 30 },
      (_, at) => `k${at + 1}: &k${at + 1}\n  <<: [*k${at}, *k${at}, *k${at}, *k${at}]`,
    )
    expect(airOf(`k0: &k0 {AIR: ${AIR}}\n${merges.join('\n')}\n<<: *k30`).kind).toBe('none')
  })
})

test('lines that end as on old Macs', () => {
  const text = `---\rtitle: x\rAIR: ${AIR}\r---\rbody`
  const front = readFrontMatter(text)
  expect(text.slice(front.bodyStart)).toBe('body')
  expect(readPageAir(front).text).toBe(AIR)
  const [value] = fieldsOf(front, 'air')[0]?.values ?? []
  expect(text.slice(value?.start, value?.end)).toBe(AIR)
})

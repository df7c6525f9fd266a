import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { expandVariables, readExtraPaths } from '../../../src/models/roots/comfy-yaml.ts'
import { testSearch } from './host.ts'

const FILE = '/ui/extra_model_paths.yaml'

const read = async (yaml: string, env: Record<string, string> = {}) => {
  const search = testSearch({ env })
  const folders = await readExtraPaths(yaml, FILE, search)
  return {
    lines: folders.map(({ folder, path, first }) => `${first ? '!' : ''}${folder}=${path}`),
    notes: search.notes,
  }
}

describe('folders of extra_model_paths.yaml', () => {
  const CASES: readonly (readonly [yaml: string, lines: readonly string[]])[] = [
    ['a:\n  base_path: /b\n  loras: l', ['loras=/b/l']],
    ['a:\n  base_path: /b/\n  loras: l/\n  vae: /v', ['loras=/b/l/', 'vae=/v']],
    ['a:\n  loras: l', ['loras=/ui/l']],
    ['a:\n  loras: ../l', ['loras=/l']],
    ['a:\n  base_path: ../common\n  loras: l', ['loras=/common/l']],
    ['a:\n  base_path: ""\n  loras: l', ['loras=/ui/l']],
    ['a:\n  base_path: .\n  loras: l\n  vae: .', ['loras=/ui/l', 'vae=/ui']],
    ['a:\n  base_path: ~/m\n  loras: l', ['loras=/home/me/m/l']],
    ['a:\n  base_path: "~"\n  loras: l', ['loras=/home/me/l']],
    [`a:\n  base_path: $DISK/\${PART}\n  loras: l`, ['loras=/disk/p/l']],
    ['a:\n  base_path: /x/$UNSET\n  loras: l', ['loras=/x/$UNSET/l']],
    // Only base_path is expanded.
    ['a:\n  loras: $DISK/l', ['loras=/ui/$DISK/l']],
    [
      'a:\n  loras: |\n    one\n    two\n\n    three four\n',
      ['loras=/ui/one', 'loras=/ui/two', 'loras=/ui/three four'],
    ],
    ['a:\n  is_default: true\n  loras: l', ['!loras=/ui/l']],
    ['a:\n  is_default: yes\n  loras: l', ['!loras=/ui/l']],
    ['a:\n  is_default: 1\n  loras: l', ['!loras=/ui/l']],
    ['a:\n  is_default: "false"\n  loras: l', ['!loras=/ui/l']],
    ['a:\n  is_default: false\n  loras: l', ['loras=/ui/l']],
    ['a:\n  is_default: no\n  loras: l', ['loras=/ui/l']],
    ['one:\n  loras: l\ntwo:\n  vae: v\nthree:\n', ['loras=/ui/l', 'vae=/ui/v']],
    ['x: &x\n  base_path: /b\n  loras: l\ny:\n  <<: *x\n  loras: k', ['loras=/b/l', 'loras=/b/k']],
    ['a:\n  loras: one\n  loras: two', ['loras=/ui/two']],
    ['# nothing but\na: # comments\n  loras: l # here', ['loras=/ui/l']],
    ['a:\r\n  loras: |\r\n    one\r\n    two\r\n', ['loras=/ui/one', 'loras=/ui/two']],
    ['a:\n  __proto__: p\n  constructor: c', ['__proto__=/ui/p', 'constructor=/ui/c']],
    ['a:\n  loras: ../../../etc', ['loras=/etc']],
  ]
  test.each(CASES)('%j', async (yaml, lines) => {
    expect(await read(yaml, { DISK: '/disk', PART: 'p' })).toEqual({ lines: [...lines], notes: [] })
  })

  const FAULTS: readonly (readonly [yaml: string, lines: readonly string[], note: string])[] = [
    ['', [], `${FILE} has no section; its folders are not used.`],
    ['# all of it\n# is a comment', [], `${FILE} has no section; its folders are not used.`],
    ['a: [', [], `${FILE} is not valid YAML; its folders are not used.`],
    ['a: 1\n---\nb: 2', [], `${FILE} is not valid YAML; its folders are not used.`],
    ['- a\n- b', [], `${FILE} does not hold sections with folders; it is not used.`],
    ['just text', [], `${FILE} does not hold sections with folders; it is not used.`],
    ['a: text\nb:\n  vae: v', ['vae=/ui/v'], `The section a of ${FILE} holds no folders; it is not used.`],
    ['a:\n  loras: 7\n  vae: v', ['vae=/ui/v'], `loras of a in ${FILE} is no text; it is not used.`],
    ['a:\n  loras: [x, y]\n  vae: v', ['vae=/ui/v'], `loras of a in ${FILE} is no text; it is not used.`],
    ['a:\n  loras:\n  vae: v', ['vae=/ui/v'], `loras of a in ${FILE} is no text; it is not used.`],
    ['a:\n  base_path:\n  vae: v', [], `The base_path of a in ${FILE} is no text; the section is not used.`],
    ['a:\n  base_path: {x: y}\n  vae: v', [], `The base_path of a in ${FILE} is no text; the section is not used.`],
  ]
  test.each(FAULTS)('%j is told of', async (yaml, lines, note) => {
    expect(await read(yaml)).toEqual({ lines: [...lines], notes: [note] })
  })

  test('aliases do not grow without end', async () => {
    const bomb = ['a0: &a0 {x: y}']
    for (let at = 1; at < 12; at += 1)
      bomb.push(
        `a${at}: &a${at} {${Array(9)
          .fill(0)
          .map((_, i) => `k${i}: *a${at - 1}`)
          .join(', ')}}`,
      )
    expect(await read(bomb.join('\n'))).toEqual({
      lines: [],
      notes: [`${FILE} is not valid YAML; its folders are not used.`],
    })
  })

  test('more folders than anybody has are cut off', async () => {
    const { lines, notes } = await read(`a:\n  loras: |\n${'    x\n'.repeat(3000)}`)
    expect(lines).toHaveLength(2000)
    expect(notes).toEqual([`${FILE} names more than 2000 folders; the rest is not used.`])
  })

  test('any text gives absolute folders or notes', async () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'a:',
        '  base_path: ',
        '  is_default: true',
        '  loras: |',
        '    x',
        '&a',
        '*a',
        '<<: *a',
        '!!binary aGk=',
        '? x',
        '\t',
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
        const { lines: found } = await read(lines.join('\n'))
        return found.every((each) => each.includes('=/'))
      }),
    )
  })
})

test('variables are expanded as Python does', () => {
  const env = { A: '1', EMPTY: '' }
  expect(expandVariables(`$A \${A} $B \${B} $$A $ \${} \${A $EMPTY.`, env)).toBe(`1 1 $B \${B} $1 $ \${} \${A .`)
})

test.each([
  ['keys that are no text, as Python refuses them', 'a:\n  ? [b]\n  : c'],
  ['a nest of such keys, which would take minutes to write out', '? '.repeat(3000)],
  ['a key that stands for another value', 'a: &x {b: c}\n? *x\n: d'],
  [
    'merges that grow',
    `a0: &a0 {x: y}\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1}\n  <<: [${`*a${i}, `.repeat(9)}]`).join('\n')}`,
  ],
  ['more than anybody writes', `a:\n  loras: l\n${'# \n'.repeat(100_000)}`],
])('%s', async (_, yaml) => {
  expect(await read(yaml)).toEqual({ lines: [], notes: [expect.stringContaining('is not valid YAML')] })
})

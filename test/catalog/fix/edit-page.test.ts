import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { unifiedDiff } from '../../../src/catalog/fix/diff.ts'
import { applyEdit, editAir } from '../../../src/catalog/fix/edit-page.ts'
import { readFrontMatter } from '../../../src/catalog/front-matter.ts'
import { readPageAir } from '../../../src/catalog/page-air.ts'

const AIR = 'urn:air:sdxl:lora:civitai:1@2'
const edited = (text: string) => {
  const edit = editAir(text, AIR)
  return edit === undefined ? undefined : applyEdit(text, edit)
}

describe('an AIR is put in its place', () => {
  test.each([
    ['---\ntitle: x\n---\nbody', `---\nAIR: ${AIR}\ntitle: x\n---\nbody`],
    ['---\r\ntitle: x\r\n---\r\nbody', `---\r\nAIR: ${AIR}\r\ntitle: x\r\n---\r\nbody`],
    ['---\rtitle: x\r---\rbody', `---\rAIR: ${AIR}\rtitle: x\r---\rbody`],
    ['body\r', `---\rAIR: ${AIR}\r---\r\rbody\r`],
    ['---\nb: &b {AIR: x}\n<<: *b\n---\n', undefined],
    ['---\n# Missing AIR field!\n---\nbody', `---\nAIR: ${AIR}\n# Missing AIR field!\n---\nbody`],
    ['---\n---\n', `---\nAIR: ${AIR}\n---\n`],
    ['body\n', `---\nAIR: ${AIR}\n---\n\nbody\n`],
    ['\nbody\n', `---\nAIR: ${AIR}\n---\n\nbody\n`],
    ['---\na: b\nAIR:\n---\n', `---\na: b\nAIR: ${AIR}\n---\n`],
    ['---\nAIR:   # none yet\na: b\n---\n', `---\nAIR: ${AIR} # none yet\na: b\n---\n`],
    ['---\nair: ""\n---\n', `---\nair: ${AIR}\n---\n`],
    ['---\nAIR: harbor-v2 # x\n---\n', `---\nslug: harbor-v2\nAIR: ${AIR} # x\n---\n`],
    ['---\r\n"air": "a: b"\r\n---\r\n', `---\r\nslug: "a: b"\r\n"air": ${AIR}\r\n---\r\n`],
    ['---\nslug: s\nAIR: t\n---\n', `---\nslug: s\n# its AIR was t\nAIR: ${AIR}\n---\n`],
    ['---\n{ AIR: t }\n---\n', undefined],
    ['---\nAIR: ~\n---\n', undefined],
    ['---\n{ a: b }\n---\n', undefined],
    ['---\nAIR: {a: b}\n---\n', undefined],
    ['---\nAIR: [a, b]\n---\n', undefined],
    ['---\na: "\n---\n', undefined],
    ['---\n- a\n---\n', undefined],
  ] as const)('%j', (before, after) => {
    expect(edited(before)).toBe(after as string)
  })

  test('whatever the page is, it is found there afterwards and the rest is as before', () => {
    const line = fc.constantFrom(
      'title: x',
      'AIR:',
      'air: old',
      '# c',
      'tags: [a]',
      'AIR: ""',
      '  - y',
      '---',
      '',
      'body',
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), (lines, eol) => {
        const text = lines.join(eol)
        const edit = editAir(text, AIR)
        if (edit === undefined) return
        const after = applyEdit(text, edit)
        expect(readPageAir(readFrontMatter(after)).text).toBe(AIR)
        expect(after.startsWith(text.slice(0, edit.start))).toBe(true)
        expect(after.endsWith(text.slice(edit.end))).toBe(true)
      }),
    )
  })
})

describe('a diff', () => {
  const lines = (...words: readonly string[]): string => words.map((word) => `${word}\n`).join('')
  test.each([
    ['', '', ''],
    [lines('a', 'b', 'c', 'd', 'e'), lines('x', 'a', 'b', 'c', 'd', 'e'), '@@ -1,3 +1,4 @@\n+x\n a\n b\n c\n'],
    [
      lines('a', 'b', 'c', 'd', 'e', 'f'),
      lines('a', 'b', 'c', 'd', 'E', 'f'),
      '@@ -2,5 +2,5 @@\n b\n c\n d\n-e\n+E\n f\n',
    ],
    ['', lines('a'), '@@ -0,0 +1,1 @@\n+a\n'],
    ['a', 'a\nb', '@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n'],
  ])('%#', (before, after, hunk) => {
    expect(unifiedDiff('p.md', before, after)).toStartWith(hunk === '' ? '' : `--- a/p.md\n+++ b/p.md\n${hunk}`)
  })

  test('keys are masked in it', () => {
    const key = '0123456789abcdef0123456789abcdef'
    const before = lines('---', 'a: b', '---', `wget https://e.com/x?token=${key}`)
    expect(unifiedDiff('p.md', before, edited(before) ?? '')).not.toContain(key)
  })
})

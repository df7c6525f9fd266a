import { describe, expect, test } from 'bun:test'
import { blocks, escapedBlock, openBlock } from '../../scripts/fixtures/catalog/blocks.ts'
import { findCodeBlocks } from '../../src/catalog/markdown.ts'

const CODE = 'civitdl a \\\n  b\nwget c'

describe('commands are found in every kind of block', () => {
  test.each([...blocks, openBlock].map((block) => [block(CODE)]))('%s', (body) => {
    const found = findCodeBlocks(body)
    expect(found).toMatchObject({ hasEscapedFences: false, hasLooseCommands: false })
    expect(found.blocks.map(({ code }) => code.trimEnd())).toEqual([CODE])
  })

  test('with a backslash in front of the fences', () => {
    const found = findCodeBlocks(escapedBlock(CODE))
    expect(found.hasEscapedFences).toBe(true)
    expect(found.blocks.map(({ code }) => code.trimEnd())).toEqual([CODE])
  })
})

describe('no block of a shell', () => {
  test.each([
    ['another language', '```python\nwget x\n```'],
    ['YAML', '```yaml\ncommand: wget x\n```'],
    ['an example of a page', '````markdown\n```bash\nwget x\n```\n````'],
    ['an example with escaped fences', '```markdown\n\\```bash\nwget x\n\\```\n```'],
    ['a paragraph', 'Use `wget x` for that.'],
  ])('%s', (_, body) => {
    expect(findCodeBlocks(body)).toEqual({ blocks: [], hasEscapedFences: false, hasLooseCommands: false })
  })
})

test('a command in a paragraph is noticed', () => {
  expect(findCodeBlocks('Then:\n\n`civitdl 1 models`\n').hasLooseCommands).toBe(true)
  expect(findCodeBlocks('wget https://example.com/x').hasLooseCommands).toBe(true)
  expect(findCodeBlocks('Whoever has wget can use it.').hasLooseCommands).toBe(false)
})

test('line and heading of a block', () => {
  const body =
    '# Title\n\n## High noise\n\n```\na\n```\n\n### Low noise\n\n    b\n\n=== "Tab"\n\n    ```\n    c\n    ```\n'
  expect(findCodeBlocks(body).blocks).toEqual([
    { code: 'a\n', line: 5, heading: 'High noise' },
    { code: 'b\n', line: 10, heading: 'Low noise' },
    { code: 'c\n', line: 15, heading: 'Low noise' },
  ])
})

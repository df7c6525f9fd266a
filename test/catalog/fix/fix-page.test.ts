import { expect, test } from 'bun:test'
import { fixPage } from '../../../src/catalog/fix/fix-page.ts'
import { decodePage } from '../../../src/lib/page-text.ts'
import { reportOfText } from '../../support/catalog-detect.ts'

const AIR = 'urn:air:sdxl:lora:civitai:1@2'
const command = '```bash\ncivitdl "https://civitai.com/models/1?modelVersionId=2" "$UI_HOME"/models/Lora\n```\n'

/** The page, one byte a character, after its AIR was added. */
async function fixed(page: string): Promise<string | undefined> {
  const bytes = Buffer.from(page, 'latin1')
  const text = decodePage(bytes)
  if (text === undefined) throw new Error('no text')
  const labelOf = async () => ({ model_id: 1, ecosystem: 'sdxl', type: 'lora' })
  const fix = await fixPage('p.md', { bytes, text }, reportOfText(text.text), labelOf, new AbortController().signal)
  return fix.bytes === undefined ? undefined : Buffer.from(fix.bytes).toString('latin1')
}

test.each([
  ['bob\x92s-lora', 'bob\x92s-lora'],
  ['"\x93caf\xe9\x94"', '"\x93caf\xe9\x94"'],
] as const)('what stands in the place of the AIR keeps its bytes: %j', async (word, kept) => {
  expect(await fixed(`---\nAIR: ${word}\n---\n${command}`)).toBe(`---\nslug: ${kept}\nAIR: ${AIR}\n---\n${command}`)
})

test('a page whose bytes have no such character is not changed', async () => {
  expect(await fixed(`---\nt: \xe9\nAIR: "\\u4e2d\n  x"\n---\n${command}`)).toBeUndefined()
})

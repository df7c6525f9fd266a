import { expect, test } from 'bun:test'
import { isLikelySize, readSize } from '../../src/catalog/size-claim.ts'
import { verdictOf } from '../support/catalog.ts'

test.each([
  ['6.46 GB', 6_460_000_000],
  ['223MB', 223_000_000],
  ['1 GiB', 2 ** 30],
  ['1,5 GB', 1_500_000_000],
  ['1,500 MB', 1_500_000_000],
  ['~ 2 GB (fp16)', 2_000_000_000],
  ['6775430000', 6_775_430_000],
  ['4k', 4096],
  ['500 PB', 5e17],
  ['2 EiB', 2 ** 61],
  ['1e30', 1e30],
  ['6.5e9', 6_500_000_000],
  ['-5', -5],
  ['99999999999999999', 1e17],
  ['217,911,000', 217_911_000],
  ['large', undefined],
  ['1024x1024', undefined],
  ['12 apples', undefined],
  ['', undefined],
])('%p', (text, bytes) => {
  expect(readSize(text)).toBe(bytes as number)
})

test.each([
  [223e6, 'lora', true],
  [223, 'lora', false],
  [400e9, 'lora', false],
  [7e9, 'checkpoint', true],
  [1e6, 'checkpoint', false],
  [5e9, undefined, true],
  [5e13, undefined, false],
] as const)('%p bytes of a %p', (bytes, type, is) => {
  expect(isLikelySize(bytes, type)).toBe(is)
})

const CODE = 'civitdl "https://civitai.com/models/1?modelVersionId=2" "$UI_HOME"/models/Lora'
const AIR = 'AIR: urn:air:sdxl:lora:civitai:1@2'
const ofPage = (line: string) => {
  const { notes, files, is_valid } = verdictOf(CODE, `${AIR}\n${line}`)
  return { note: notes.find((each) => each.includes('implausible')), claim: files[0]?.claimed_size_bytes, is_valid }
}

test.each([
  ['size: 500 PB', '“500 PB”'],
  ['size: 2 TB', '2000000000000 bytes'],
  ['size: 0', '0 bytes'],
  ['size: -5', '“-5”'],
  ['size: 1e30', '“1e30”'],
  ['size: 1e999', '“1e999”'],
  ['size_bytes: 99999999999999999', '“99999999999999999”'],
  ['File Size: 5000 GB', '5000000000000 bytes'],
  ['model_size: 40TB', '40000000000000 bytes'],
  ['sizeKB: 20', '20480 bytes'],
  ['size: 218 MB\nFile Size: 12 bytes', '12 bytes'],
])('%s is implausible, and decides nothing', (line, said) => {
  expect(ofPage(line)).toMatchObject({ note: `its size, ${said}, is implausible for lora`, is_valid: true })
})

test.each([
  ['sizeKB: 212804', 217_911_296],
  ['File Size: 218 MB', 218_000_000],
  ['model-size: 218 MB', 218_000_000],
  ['size (GB): 1.5', 1_500_000_000],
  ['size: 218 MB', 218_000_000],
  ['size: 1024x1024', undefined],
  ['resize: 5', undefined],
  ['size: 1e30', undefined],
])('%s claims %p', (line, bytes) => {
  expect(ofPage(line).claim).toBe(bytes as number)
})

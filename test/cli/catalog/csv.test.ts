import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type CatalogRow, readCatalogCsv, updateCatalogCsv, writeCatalogCsv } from '../../../src/cli/catalog/csv.ts'

const row = (file_path: string, changes: Partial<CatalogRow> = {}): CatalogRow => ({
  file_path,
  syntax_type: 'CIVITDL_WITH_AIR',
  tested: 'Yes',
  is_valid: 'True',
  air: 'urn:air:sdxl:lora:civitai:1@2',
  download_count: '1',
  notes: 'all, 2026-11-21T08:00:00Z',
  ...changes,
})
const update = (text: string | Uint8Array, ...rows: CatalogRow[]) => {
  const result = updateCatalogCsv(Buffer.from(text as string), rows)
  if (result === undefined) throw new Error('no table')
  return { ...result, text: Buffer.from(result.bytes).toString('latin1') }
}
const HEAD = 'file_path,syntax_type,tested,is_valid,air,download_count,notes'

test('a new table, and what is read from it', () => {
  const rows = [row('a.md'), row('b "c", d.md', { notes: 'two\nlines', air: '' })]
  const bytes = writeCatalogCsv(rows)
  expect(Buffer.from(bytes).toString()).toStartWith(`${HEAD}\na.md,CIVITDL_WITH_AIR,Yes,True,`)
  expect(readCatalogCsv(bytes)).toEqual(rows)
})

describe('only the row changes that is meant', () => {
  test.each([
    ['plain', `${HEAD}\na.md,X,No,True,,1,\nb.md,CIVITDL_WITH_AIR,No,True,urn:air:sdxl:lora:civitai:1@2,1,\n`],
    [
      'with the line ends of Windows',
      `${HEAD}\r\na.md,X,No,True,,1,\r\nb.md,CIVITDL_WITH_AIR,No,True,urn:air:sdxl:lora:civitai:1@2,1,old\r\n`,
    ],
    [
      'with a mark',
      `\ufeff${HEAD}\na.md,X,No,True,,1,"x"\nb.md,CIVITDL_WITH_AIR,No,True,urn:air:sdxl:lora:civitai:1@2,1,`,
    ],
    [
      'with needless quotes',
      `${HEAD}\n"a.md","X","No",True,,1,"é ""x"""\n"b.md","CIVITDL_WITH_AIR",No,True,"urn:air:sdxl:lora:civitai:1@2",1,""\n`,
    ],
  ])('%s', (_, text) => {
    const bytes = Buffer.from(text)
    const { bytes: after, updated, added } = update(bytes, row('b.md'))
    expect([updated, added]).toEqual([1, 0])
    const at = bytes.indexOf('b.md')
    expect(Buffer.from(after).subarray(0, at)).toEqual(bytes.subarray(0, at))
    expect(readCatalogCsv(after)[1]).toEqual(row('b.md'))
    const again = update(after, row('b.md'))
    expect(Buffer.from(again.bytes)).toEqual(Buffer.from(after))
  })

  test('cells that say the same, and columns of others, keep their bytes', () => {
    const text = `note to self,${HEAD}\nx,"b.md", keep ,No,True,"urn:air:sdxl:lora:civitai:1@2",1,"old"\n`
    const { text: after } = update(text, row('b.md'))
    expect(after).toBe(
      `note to self,${HEAD}\nx,"b.md",CIVITDL_WITH_AIR,Yes,True,"urn:air:sdxl:lora:civitai:1@2",1,"all, 2026-11-21T08:00:00Z"\n`,
    )
  })

  test('bytes that are no UTF-8 stay', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${HEAD}\na.md,X,No,True,,1,`),
      Buffer.from([0xe9, 0xff]),
      Buffer.from('\n'),
    ])
    const { bytes: after } = update(bytes, row('b.md'))
    expect(Buffer.from(after).subarray(0, bytes.length)).toEqual(bytes)
  })

  test('a missing line end before what is added', () => {
    expect(update(`${HEAD}\na.md,X,No,True,,1,`, row('b.md', { notes: '' })).text).toBe(
      `${HEAD}\na.md,X,No,True,,1,\nb.md,CIVITDL_WITH_AIR,Yes,True,urn:air:sdxl:lora:civitai:1@2,1,\n`,
    )
  })
})

test.each([
  ['loras/x.md', 'loras/x.md', 'x.md'],
  ['loras/x.md', 'x.md', 'loras/x.md'],
  ['/c/loras/x.md', 'x.md', 'loras/x.md'],
  ['/c/loras/x.md', 'loras/x.md', 'x.md'],
])('pages of one name in several folders have rows of their own: %s', (path, first, second) => {
  const { bytes } = update(`${HEAD}\n${path},,,,,,\n`, row(first, { notes: first }), row(second, { notes: second }))
  expect(readCatalogCsv(bytes).map(({ file_path, notes }) => [file_path, notes])).toEqual([
    [path, 'loras/x.md'],
    ['x.md', 'x.md'],
  ])
})

test('a page is no other one that has its name in a folder', () => {
  expect(update(`${HEAD}\nloras/x.md,,,,,,\n`, row('x.md'))).toMatchObject({ updated: 0, added: 1 })
})

test('full paths are told by their ends, where those are their own', () => {
  const text = `${HEAD}\n/c/loras/x.md,X,No,True,,1,\n/d/loras/x.md,X,No,True,,1,\n/c/loras/y.md,X,No,True,,1,\n`
  const { updated, added, bytes } = update(text, row('loras/y.md'), row('loras/x.md'), row('/d/loras/x.md'))
  expect([updated, added]).toEqual([2, 1])
  expect(readCatalogCsv(bytes).map(({ file_path, tested }) => [file_path, tested])).toEqual([
    ['/c/loras/x.md', 'No'],
    ['/d/loras/x.md', 'Yes'],
    ['/c/loras/y.md', 'Yes'],
    ['loras/x.md', 'Yes'],
  ])
})

test('short rows, empty tables, tables of something else', () => {
  expect(update(`${HEAD}\nb.md\n`, row('b.md', { notes: '' })).text).toBe(
    `${HEAD}\nb.md,CIVITDL_WITH_AIR,Yes,True,urn:air:sdxl:lora:civitai:1@2,1,\n`,
  )
  expect(readCatalogCsv(update('', row('b.md')).bytes)).toEqual([row('b.md')])
  expect(updateCatalogCsv(Buffer.from('a,b\n1,2\n'), [row('b.md')])).toBeUndefined()
})

test('any table stays as it is where nothing is to be changed', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'é'), maxLength: 8 })
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 30 }), (cells) => {
      const text = `${HEAD}\n${cells.join(',')}`
      expect(Buffer.from(updateCatalogCsv(Buffer.from(text), [])?.bytes ?? []).toString()).toBe(text)
    }),
  )
})

test('any row is read as it was written', () => {
  const words = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => text.isWellFormed())
  fc.assert(
    fc.property(words, words, (air, notes) => {
      const rows = [row('a.md', { air, notes })]
      expect(readCatalogCsv(writeCatalogCsv(rows))).toEqual(rows)
      expect(readCatalogCsv(update(`${HEAD}\na.md,,,,,,\n`, ...rows).bytes)).toEqual(rows)
    }),
  )
})

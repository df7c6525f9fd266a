import { describe, expect, test } from 'bun:test'
import { sidecarNames } from '../../../src/models/inspect/sidecars/names.ts'
import { isNote } from '../../../src/models/scan/beside.ts'
import { controlledBy, type NameKind, nameKind } from '../../../src/models/scan/file-names.ts'

describe('nameKind', () => {
  const cases: [string, NameKind][] = [
    ['a.safetensors', 'model'],
    ['a.SafeTensors', 'model'],
    ['v0.178.ckpt', 'model'],
    ['a\nb.gguf', 'model'],
    ['a', 'other'],
    ['a.txt', 'other'],
    ['a.json', 'other'],
    ['safetensors', 'other'],
    ['a.safetensors.part', 'partial'],
    ['a.safetensors.PART', 'partial'],
    ['a.safetensors.partial', 'partial'],
    ['a.safetensors.tmp', 'partial'],
    ['a.safetensors.download.tmp', 'partial'],
    ['a.download.tmp', 'partial'],
    ['a.safetensors.crdownload', 'partial'],
    ['a.safetensors.incomplete', 'partial'],
    ['a.safetensors.!qB', 'partial'],
    ['Unconfirmed 123456.smdownload', 'partial'],
    ['a.part', 'other'],
    ['a.txt.part', 'other'],
    ['.part', 'other'],
    ['a.tmp', 'other'],
    ['a.safetensors.aria2', 'control'],
    ['a.safetensors.aria2.part', 'other'],
    ['a.safetensors.bak', 'other'],
    [`${'a'.repeat(243)}.safetensors`, 'model'],
    [`a.${'b'.repeat(253)}`, 'other'],
  ]
  test.each(cases)('%j is %s', (name, kind) => {
    expect(nameKind(name)).toBe(kind)
  })

  test('the file of a control file', () => {
    expect(controlledBy('a.safetensors.aria2')).toBe('a.safetensors')
  })

  test('endings that programs make up do not pile up', () => {
    for (let at = 0; at < 5_000; at += 1) expect(nameKind(`a.${at}`)).toBe('other')
    expect(nameKind('a.safetensors')).toBe('model')
    expect(nameKind('a.SAFETENSORs')).toBe('model')
  })
})

test('every sidecar is found among the files that are kept as such', () => {
  for (const name of ['a.safetensors', 'a-mid_12-vid_34.safetensors', 'b.gguf']) {
    for (const sidecar of sidecarNames(name)) {
      const [first = '', second] = sidecar.split('/')
      expect({ sidecar, kept: second === undefined ? isNote(first) : first.startsWith('extra_data-') }).toEqual({
        sidecar,
        kept: true,
      })
    }
  }
})

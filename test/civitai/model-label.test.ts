import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseModel, parseVersion } from '../../src/civitai/model-label.ts'

const licenseOf = (wire: object) => parseModel({ id: 1, ...wire })?.license

describe('licence flags', () => {
  test.each([
    ['a list', ['Image', 'RentCivit', 'Rent', 'Sell'], ['Image', 'RentCivit', 'Rent', 'Sell']],
    ['the text of a database', '{Image,RentCivit}', ['Image', 'RentCivit']],
    ['the same with quotes', '{"Image","Rent"}', ['Image', 'Rent']],
    ['one word of older answers', 'Sell', ['Sell']],
    ['an empty list', [], []],
    ['the text of one', '{}', []],
    ['None', ['None'], []],
    ['half a list', '{Image', null],
    ['other things in the list', ['Image', 7], null],
    ['a number', 7, null],
    ['too much', Array.from({ length: 11 }, () => 'Rent'), null],
    ['null', null, null],
  ])('commercial use as %s', (_, wire, uses) => {
    expect(licenseOf({ allowCommercialUse: wire })?.allowCommercialUse).toEqual(uses)
  })

  test('what is missing or odd is not known', () => {
    expect(licenseOf({ allowNoCredit: 'yes', allowDerivatives: true })).toEqual({
      allowNoCredit: null,
      allowCommercialUse: null,
      allowDerivatives: true,
      allowDifferentLicense: null,
    })
  })
})

describe('access', () => {
  const endsAt = '2026-12-01T00:00:00.000Z'
  test.each([
    ['free', {}, null],
    ['null', { paidAccess: null }, null],
    ['paid until then', { paidAccess: { permanent: false, endsAt } }, { permanent: false, endsAt }],
    ['paid for ever', { paidAccess: { permanent: true, endsAt: null } }, { permanent: true, endsAt: null }],
    ['older spelling', { earlyAccessEndsAt: endsAt }, { permanent: false, endsAt }],
    ['the spelling of lists', { earlyAccessDeadline: endsAt }, { permanent: false, endsAt }],
    ['only a word', { availability: 'EarlyAccess' }, { permanent: false, endsAt: null }],
    ['no time', { paidAccess: { endsAt: 'soon' } }, { permanent: false, endsAt: null }],
  ])('%s', (_, wire, paidAccess) => {
    expect(parseVersion({ id: 1, ...wire })?.paidAccess).toEqual(paidAccess)
    expect(parseModel({ id: 2, modelVersions: [{ id: 1, ...wire }] })?.versions[0]?.paidAccess).toEqual(paidAccess)
  })

  test('an archived model is that, whatever its version says', () => {
    const version = { id: 1, availability: 'Public', model: { mode: 'Archived' } }
    expect(parseVersion(version)?.availability).toBe('Archived')
    const model = { id: 2, mode: 'TakenDown', availability: 'Public', modelVersions: [{ id: 1 }] }
    expect(parseModel(model)?.versions[0]?.availability).toBe('TakenDown')
  })
})

describe('names', () => {
  test('are one line, without control characters, and not endless', () => {
    const label = parseVersion({ id: 1, name: ' a\n\u0000b\u2028c\u202e\u2066\ud800 ', baseModel: 'x'.repeat(5_000) })
    expect(label?.versionName).toBe('a b c\ufffd')
    expect(label?.baseModel?.length).toBe(300)
  })

  test('trained words may be odd', () => {
    const wire = ['one', 7, null, '', 'x'.repeat(5_000), ...Array.from({ length: 500 }, () => 'w')]
    const words = parseVersion({ id: 1, trainedWords: wire })?.trainedWords ?? []
    expect(words[0]).toBe('one')
    expect(words[1]?.length).toBe(1_000)
    expect(words.length).toBe(99)
    expect(parseVersion({ id: 1, trainedWords: 'one' })?.trainedWords).toEqual([])
  })
})

test('whatever comes: a label with fields of the right kind, or none', () => {
  const odd = fc.anything({ withNullPrototype: true })
  const wire = fc.record(
    {
      id: fc.oneof(fc.constant(1), odd),
      name: odd,
      trainedWords: fc.oneof(fc.array(odd), odd),
      paidAccess: odd,
      allowCommercialUse: odd,
      model: odd,
      modelVersions: fc.oneof(fc.array(fc.oneof(fc.record({ id: fc.constant(7), name: odd }), odd)), odd),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(wire, odd), (value) => {
      const labels = [parseVersion(value), ...(parseModel(value)?.versions ?? [])]
      for (const label of labels) {
        if (label === undefined) continue
        expect(Number.isSafeInteger(label.versionId)).toBe(true)
        for (const text of [label.modelName, label.versionName, label.type, label.baseModel, label.availability]) {
          expect(text === null || (typeof text === 'string' && text !== '' && text.length <= 300)).toBe(true)
        }
        expect(label.trainedWords.every((word) => typeof word === 'string')).toBe(true)
      }
    }),
  )
})

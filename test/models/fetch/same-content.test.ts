import { expect, test } from 'bun:test'
import { contentGroups } from '../../../src/models/fetch/same-content.ts'
import { anOffer } from './download-host.ts'

const [A, B, T, U] = ['a', 'b', 't', 'u']
const offers = {
  whole: anOffer('http://one.test/1', { sha256: A }),
  both: anOffer('http://one.test/2', { sha256: A, tensor_sha256: T }),
  tensors: anOffer('http://one.test/3', { tensor_sha256: T }),
  other: anOffer('http://one.test/4', { sha256: B, tensor_sha256: U }),
  nothing: anOffer('http://one.test/5'),
  same: anOffer('http://one.test/5'),
}
type Name = keyof typeof offers

test.each<[Name[], Name[][]]>([
  [[], []],
  [['whole', 'both'], [['whole', 'both']]],
  [
    ['whole', 'tensors'],
    [['whole'], ['tensors']],
  ],
  // Two have nothing in common, and a third has something with each.
  [
    ['tensors', 'whole', 'other', 'both'],
    [['tensors', 'whole', 'both'], ['other']],
  ],
  [
    ['nothing', 'whole', 'same'],
    [['nothing', 'same'], ['whole']],
  ],
])('%j', (names, groups) => {
  const found = contentGroups(names.map((name) => offers[name]))
  expect(found.map((group) => [...group])).toEqual(groups.map((group) => group.map((name) => offers[name])))
})

import { typeOfResource } from '../../known-names.ts'
import type { Findings } from '../../mention.ts'
import { entriesOf, parseJson } from '../json.ts'
import type { PairTable } from './pair-table.ts'
import { at } from './place.ts'

/** Keys of `Hashes` that belong to models which are named elsewhere. */
const BASE_KEYS = new Set(['model', 'vae', 'refiner'])

/** `Hashes: {"model": "1a2b3c4d5e", "lora:styleA": "…", "embed:negX": ""}`; the base models are read elsewhere. */
export function addHashes(table: PairTable, findings: Findings): void {
  const place = at('Hashes')
  for (const json of table.all('Hashes')) {
    const value = parseJson(json)
    if (value === undefined) findings.warn(place, 'this is not JSON')
    for (const [key, hash] of entriesOf(value)) {
      const colon = key.indexOf(':')
      if (colon < 0) {
        if (!BASE_KEYS.has(key.toLowerCase())) findings.warn(place, 'one of its keys names no kind of model')
        continue
      }
      const type = typeOfResource(key.slice(0, colon))
      const hashes = findings.hash(hash, place, type === 'embedding' ? 'sha256_12' : undefined)
      findings.add({ type, name: key.slice(colon + 1).trim(), hashes, evidence: [place] })
    }
  }
  addResources(table, findings)
}

/** `Resources: ["1a2b3c4d5e", …]`, of an extension that came before `Hashes`: hashes, and nothing of what they are of. */
function addResources(table: PairTable, findings: Findings): void {
  const place = at('Resources')
  for (const json of table.all('Resources')) {
    const list = parseJson(json)
    if (!Array.isArray(list)) findings.warn(place, 'this is not a list of hashes')
    else {
      for (const hash of list) {
        const hashes = findings.hash(hash, place)
        if (hashes.length > 0) findings.add({ type: 'other', hashes, guessed: true, evidence: [place] })
      }
    }
  }
}

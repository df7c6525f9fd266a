import type { JsonObject } from '../../../lib/json.ts'
import type { Findings, Mention } from '../../mention.ts'
import { foldedStem, mayBeSameFile, meansNoModel, parseModelName } from '../../model-name.ts'
import { readReference } from '../../reference.ts'
import { fieldOf, objectsIn, textOf } from '../json.ts'
import { isChoice, MODEL_PARAMS, typeOfParam } from './params.ts'

const PLACE = 'swarmui:sui_models'

/**
 * `sui_models` gives names their digests: `0x` and the SHA-256 of the tensors; null where there is none. Files of
 * others have the file's own there, behind `sha256:`.
 */
export function addHashes(root: unknown, params: unknown, findings: Findings): void {
  const entries = objectsIn(fieldOf(root, 'sui_models'))
  for (const entry of entries) {
    const name = textOf(fieldOf(entry, 'name'))
    const param = textOf(fieldOf(entry, 'param')) ?? ''
    if (name === undefined || isChoice(name)) continue
    const read = readReference(name, PLACE, findings)
    const hashes = [...(read.hashes ?? []), ...findings.hash(fieldOf(entry, 'hash'), PLACE, 'tensor_sha256')]
    findings.add({
      ...typeOfParam(param),
      ...read,
      ...underParam(read.name, param, params, entries, findings),
      hashes,
      evidence: [`${PLACE} ${param}`.slice(0, 100)],
    })
  }
}

/** References that are no names of files. */
const NO_NAME = /^\s{0,20}(?:https?:\/\/|urn:air:|sha256:|civitai:)/i

const OTHER_NAME = 'it names another file than the parameter does: what it says is taken for the one of the parameter'

/**
 * The only entry of a parameter with one value is of that value, however the two spell it. The name of another file is
 * not looked for: the parameter says what was loaded.
 */
function underParam(
  written: string | undefined,
  param: string,
  params: unknown,
  entries: readonly JsonObject[],
  findings: Findings,
): Pick<Mention, 'name' | 'knownFile'> {
  const name = MODEL_PARAMS.has(param) ? textOf(fieldOf(params, param)) : undefined
  if (written === undefined || name === undefined || isChoice(name) || meansNoModel(name) || NO_NAME.test(name))
    return {}
  const [entry, value] = [parseModelName(written), parseModelName(name)]
  if (mayBeSameFile(entry, value)) return {}
  if (entries.filter((other) => fieldOf(other, 'param') === param).length > 1) return {}
  if (foldedStem(entry) === foldedStem(value)) return { name, knownFile: written }
  findings.warn(`${PLACE} ${param}`, OTHER_NAME)
  return { name }
}

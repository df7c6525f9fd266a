import type { Findings, Mention } from '../../mention.ts'
import { civitaiIds, readReference } from '../../reference.ts'
import { fieldOf, textOf } from '../json.ts'

type Read = Pick<Mention, 'name' | 'hashes' | 'civitai' | 'air' | 'urls'>

/** A model of a project: its name, or an object with what the program knows of the file. */
export function readModelFile(value: unknown, place: string, findings: Findings): Read | undefined {
  const local = fieldOf(value, 'Local')
  const name =
    textOf(value) ??
    textOf(fieldOf(value, 'RelativePath')) ??
    textOf(fieldOf(local, 'RelativePath')) ??
    textOf(fieldOf(value, 'RemoteName')) ??
    textOf(fieldOf(value, 'FileName')) ??
    textOf(fieldOf(value, 'Name'))
  if (name === undefined || name.trim() === '') return undefined
  const info = fieldOf(local, 'ConnectedModelInfo')
  const civitai = civitaiIds(fieldOf(info, 'ModelId'), fieldOf(info, 'VersionId'))
  const hashes = findings.hash(fieldOf(fieldOf(info, 'Hashes'), 'SHA256'), place)
  const read = readReference(name, place, findings)
  return {
    ...read,
    hashes: [...(read.hashes ?? []), ...hashes],
    ...(civitai === undefined ? {} : { civitai }),
  }
}

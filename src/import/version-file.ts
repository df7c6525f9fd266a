import { parseAir } from '../air/air.ts'
import { type CivitaiFileLink, parseCivitaiFileLink } from '../civitai/links.ts'
import { isMainFile } from '../civitai/model-type.ts'
import type { Mention } from './mention.ts'

/** Which file of a version at Civitai is meant: its number, or what a download address says of it. */
type VersionFile = Partial<CivitaiFileLink>

type Named = Pick<Mention, 'air' | 'urls'>

/** Each mention is compared with many others. */
const read = new WeakMap<Named, VersionFile | 'version'>()

/** Undefined where a mention says no more than the version. */
function versionFileOf(named: Named): VersionFile | undefined {
  const known = read.get(named) ?? readFile(named) ?? 'version'
  read.set(named, known)
  return known === 'version' ? undefined : known
}

function readFile({ air, urls = [] }: Named): VersionFile | undefined {
  const fileId = air === undefined ? undefined : parseAir(air)?.fileId
  if (fileId !== undefined) return { fileId: Number(fileId) }
  return urls.map(parseCivitaiFileLink).find((link) => link !== undefined)
}

const TRAITS = ['type', 'format', 'size', 'fp', 'quant'] as const

/** Whether two mentions of one version mean different files of it: `?type=VAE` is not the model, nor one file another. */
export function areOtherFiles(a: Named, b: Named): boolean {
  const [one, other] = [versionFileOf(a), versionFileOf(b)]
  if (one === undefined || other === undefined) return isBesideModel(one ?? other)
  if (one.fileId !== undefined && other.fileId !== undefined) return one.fileId !== other.fileId
  if (TRAITS.some((trait) => isOtherTrait(one[trait], other[trait]))) return true
  // A number alone, and words alone: nothing says that they are of one file.
  return (one.fileId ?? other.fileId) !== undefined
}

const isOtherTrait = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && folded(a) !== folded(b)

/** The version itself means its model, whatever else comes with it. */
const isBesideModel = (file: VersionFile | undefined): boolean => file?.type !== undefined && !isMainFile(file.type)

const folded = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')

/** What tells a file of a version from the others, as it is written: an AIR with its number, or an address. */
export const writtenFileOf = (mentions: readonly Named[]): string | undefined =>
  mentions
    .flatMap(({ air, urls = [] }) => (air === undefined ? urls : [air, ...urls]))
    .find((text) => readFile({ air: text, urls: [text] }) !== undefined)

/** A reference that means one of several files of a version, which the version alone does not tell. */
export const meansOneFile = (reference: string): boolean => writtenFileOf([{ urls: [reference] }]) !== undefined

import type { Library, LibraryFile } from '../../models/library.ts'
import { isOfType } from '../../models/type-kinship.ts'
import type { Dependency } from '../dependency.ts'
import { parseModelName } from '../model-name.ts'
import { onePerFile } from './match.ts'
import { partlyNamed } from './settle.ts'

/**
 * Files whose name is a part of what the prompt writes, or the other way round, as candidates: for models of which
 * nothing but a name is known. A part of a name proves nothing.
 */
export async function withPartlyNamed(dependency: Dependency, library: Library): Promise<Dependency> {
  if (!isBareName(dependency)) return dependency
  const stems = dependency.written.map((name) => parseModelName(name).stem.toLowerCase())
  const found = await library.findPartly([...new Set(stems)])
  const files: readonly LibraryFile[] = onePerFile(found.filter((file) => isOfType(dependency.type, file.type)))
  return files.length === 0 ? dependency : partlyNamed(dependency, files)
}

const isBareName = ({ status, active, optional, hashes, civitai, air, written }: Dependency): boolean =>
  status === 'missing' &&
  active &&
  !optional &&
  written.length > 0 &&
  hashes.length === 0 &&
  civitai === undefined &&
  air === undefined

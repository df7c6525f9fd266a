import { classOf } from '../../../models/known-folders.ts'
import type { DependencyType, HashEvidence } from '../../dependency.ts'
import type { Findings, Mention } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import type { DeclaredModel, GraphNode } from './graph.ts'

/**
 * What a node declares of the model that is selected in one of its inputs. Declarations outlive the selection they were
 * made for: one counts only where it has the very name (with either separator), and where its folder is not one for
 * another type of model. `type` is left out where it is a guess.
 */
export function findDeclared(node: GraphNode, name: string, type?: DependencyType): DeclaredModel | undefined {
  if (node.declared.length === 0) return undefined
  const wanted = withSlashes(name)
  return node.declared.find(
    (declared) => withSlashes(declared.name) === wanted && agrees(typeOfFolder(declared.directory), type),
  )
}

const withSlashes = (name: string): string => name.trim().replaceAll('\\', '/')

/** Folders of no known type, and types without a folder of their own, say nothing against each other. */
const agrees = (declared: DependencyType | undefined, type: DependencyType | undefined): boolean =>
  declared === undefined || type === undefined || type === 'other' || declared === type

/** The type of what lies in a folder of models: `diffusion_models/wan`. */
export function typeOfFolder(directory: string | undefined): DependencyType | undefined {
  const type = classOf(directory?.split(/[\\/]/, 1)[0] ?? '')?.type
  return type === 'other' ? undefined : type
}

type Declared = Pick<Mention, 'urls' | 'civitai' | 'folder' | 'candidates'> & {
  readonly hashes: readonly HashEvidence[]
}

/** What a declaration adds to the model: an address, a folder, a hash. */
export function readDeclared(declared: DeclaredModel, place: string, findings: Findings): Declared {
  const { url, directory, hash, hashType } = declared
  if (declared.isHint === true && url !== undefined) {
    return {
      hashes: [],
      candidates: [{ url, why: 'A note in the workflow gives this address for a file of this name' }],
    }
  }
  const { urls, civitai } = url === undefined ? {} : readReference(url, place, findings)
  return {
    hashes: findings.hash(hashType === undefined ? hash : `${hashType}:${hash ?? ''}`, place),
    ...(urls === undefined ? {} : { urls }),
    ...(civitai === undefined ? {} : { civitai }),
    ...(directory === undefined ? {} : { folder: directory }),
  }
}

import type { DependencyType } from '../../dependency.ts'
import { remembered } from '../../remembered.ts'
import { findLoader } from './loaders/find-loader.ts'
import type { NodeLoader } from './loaders/loader.ts'
import { isSaver } from './read-saver.ts'

/** What is known of nodes by the name of their class alone. */
export interface ClassName {
  /** Whether its nodes may name models. */
  readonly mayName: boolean
  readonly isSaver: boolean
  readonly loader: NodeLoader | undefined
  /** The one type that it loads, where it loads one. */
  readonly onlyType: DependencyType | undefined
}

/** A graph has few classes, and graphs the same ones. */
export const readClassName = remembered((className): ClassName => {
  const loader = findLoader(className)
  return { mayName: mayName(className), isSaver: isSaver(className), loader, onlyType: onlyType(loader) }
})

/** Files of other kinds, and remarks. */
const OTHER_FILES = /^(?:VHS_)?Load ?(?:Image|Video|Audio|Latent|Mask|3D)/i
const REMARK = /^(?:Markdown)?Note\b/i

const mayName = (className: string): boolean =>
  !REMARK.test(className) && (!OTHER_FILES.test(className) || /lora|model|encoder/i.test(className))

function onlyType(loader: NodeLoader | undefined): DependencyType | undefined {
  const [first, ...others] = new Set(loader?.models.map(({ type }) => type))
  return others.length === 0 ? first : undefined
}

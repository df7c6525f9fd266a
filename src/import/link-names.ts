import type { LinkName } from '../models/link-name.ts'
import { type Actor, holds } from '../operation/permission.ts'
import type { Dependency } from './dependency.ts'
import { parseModelName } from './model-name.ts'
import { namesHere, needsRewriting } from './rewrite/local-names.ts'

/**
 * Links models that are here under other names as the prompt names them, so that it can stay as it is. What cannot be
 * linked says why, and is renamed in the prompt instead.
 */
export async function linkNames(
  dependencies: readonly Dependency[],
  formats: readonly string[],
  { linkName, actor }: { readonly linkName: LinkName; readonly actor: Actor },
): Promise<readonly Dependency[]> {
  if (!holds(actor, 'models:download')) return dependencies
  const among = new Set(formats)
  const linked: Dependency[] = []
  for (const dependency of dependencies) {
    const wanted = wantedName(dependency, among)
    linked.push(wanted === undefined ? dependency : await link(dependency, wanted, linkName))
  }
  return linked
}

/** The first of the prompt's names under which its UI would not find the file. */
function wantedName(dependency: Dependency, formats: ReadonlySet<string>): string | undefined {
  const [named] = namesHere([dependency])
  if (named?.name === undefined || dependency.resolved_path === undefined) return undefined
  const here = parseModelName(named.name)
  return dependency.written.find((written) => {
    const { path, extension } = parseModelName(written)
    // No file can have the separators of another system in its name.
    const isSame = path === here.path && (extension === '' || extension === here.extension)
    return !isSame && needsRewriting({ ...named, written: [written] }, formats)
  })
}

async function link(dependency: Dependency, wanted: string, linkName: LinkName): Promise<Dependency> {
  const { type, folder, resolved_path: path = '', resolved_name: name = '' } = dependency
  const outcome = await linkName({ path, type, folder, wanted })
  if (outcome.status === 'refused') {
    return { ...dependency, reason: `It is called ${name} here and could not be linked: ${outcome.reason}` }
  }
  const how = outcome.status === 'linked' ? 'was linked' : 'is linked'
  return {
    ...dependency,
    resolved_path: outcome.path,
    resolved_name: outcome.name,
    reason: `It is called ${name} here and ${how} as ${outcome.name}`,
  }
}

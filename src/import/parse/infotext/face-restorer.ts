import type { Mention } from '../../mention.ts'

/** What the UIs fetch when face restoration is first used. */
const FILES: ReadonlyMap<string, string> = new Map([
  ['gfpgan', 'GFPGANv1.4.pth'],
  ['codeformer', 'codeformer-v0.1.0.pth'],
])

export function faceRestorer(name: string): Partial<Mention> & Pick<Mention, 'type'> {
  const file = FILES.get(name.trim().toLowerCase())
  return { type: 'other', name, optional: true, ...(file === undefined ? {} : { knownFile: file }) }
}

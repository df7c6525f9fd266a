import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { readImports } from './source-imports.ts'

/** An import that the layer rules forbid: where it stands, what it names, and which rule says so. */
export interface Violation {
  /** `<path below src>:<line>` */
  readonly at: string
  readonly imports: string
  readonly reason: string
}

const base = ['lib', 'errors', 'config']
/** Capabilities from the left to the right; folders of one group do not see each other. */
const capabilities = [
  ['db', 'hash', 'air', 'media', 'operation', 'net'],
  ['events', 'access', 'backup', 'download', 'civitai', 'huggingface', 'swarm'],
  ['jobs'],
  ['models'],
]
const features = ['track', 'import', 'catalog']
const surfaces = ['http', 'mcp', 'cli', 'web']

/** What each part of src (a folder, or a file at its top) may import besides itself, and the rule in words. */
const rules = new Map<string, { readonly mayImport: ReadonlySet<string>; readonly reason: string }>()
const rule = (parts: readonly string[], mayImport: readonly string[], reason: string): void => {
  for (const part of parts) rules.set(part, { mayImport: new Set(mayImport), reason })
}
rule(['lib', 'errors'], ['lib', 'errors'], 'lib and errors.ts import nothing of ours')
rule(['config'], ['lib', 'errors'], 'config.ts imports only lib and errors.ts')
for (const [group, folders] of capabilities.entries()) {
  const left = capabilities.slice(0, group).flat()
  rule(folders, [...base, ...left], 'a capability imports only what stands further left')
}
rule(features, [...base, ...capabilities.flat()], 'a feature imports capabilities, never a feature or a surface')
rule(surfaces, [...base, 'operation', 'events'], 'a surface imports only operation and events')
rule(
  ['app'],
  [...base, ...capabilities.flat(), ...features, ...surfaces],
  'app.ts wires everything; only main.ts comes after it',
)
rule(['main'], [...base, 'app', 'cli'], 'main.ts imports only app.ts and cli')
rule(['*.d.ts'], [], 'a declaration file at the top of src imports nothing')

/** Checks every import of every TypeScript file below `srcDir` against the layer rules. */
export function findLayerViolations(srcDir: string): Violation[] {
  return typeScriptFiles(srcDir).flatMap((file) => {
    const own = partOf(file)
    const ownRule = rules.get(own)
    if (!ownRule) return [{ at: `${file}:1`, imports: '', reason: `${own} has no place in the layers` }]
    return readImports(readFileSync(join(srcDir, file), 'utf8')).flatMap(({ specifier, line, kind }) => {
      const reason = whyForbidden(file, specifier, kind, own, ownRule)
      return reason === undefined ? [] : [{ at: `${file}:${line}`, imports: specifier ?? kind, reason }]
    })
  })
}

function whyForbidden(
  file: string,
  specifier: string | undefined,
  kind: string,
  own: string,
  { mayImport, reason }: { readonly mayImport: ReadonlySet<string>; readonly reason: string },
): string | undefined {
  if (specifier === undefined) return `a ${kind} of a computed name cannot be checked`
  if (!/^(\.|\/|file:)/.test(specifier)) return undefined // a package
  const target = join(dirname(file), specifier).split(sep).join('/')
  if (own === 'lib' && target === '../package.json') return undefined // the version, where it runs from source
  if (!specifier.startsWith('.') || target.startsWith('..')) return 'src imports nothing of ours outside src'
  const part = partOf(target)
  if (part === own || mayImport.has(part)) return undefined
  return reason
}

/** The folder, or the name of a file at the top of src. */
function partOf(file: string): string {
  if (/^[^/]+\.d\.ts$/.test(file)) return '*.d.ts'
  return (file.split('/')[0] ?? '').replace(/\.ts$/, '')
}

/** Paths below `folder` with forward slashes, sorted. */
export function typeScriptFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

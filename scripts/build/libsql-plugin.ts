import { readFile } from 'node:fs/promises'
import type { BunPlugin } from 'bun'

/**
 * The function of libsql/index.js that finds the native addon. It requires a name it computes at run time, which no
 * bundler can follow (oven-sh/bun#18909), and it asks detect-libc, which may start a shell.
 */
const finder = /function requireNative\(\) \{\n(?:[ \t]+.*\n|\n)*\}\n/g
const computedRequire = '  return require(`@libsql/${' + 'target}`);\n'

/**
 * libsql/index.js with the addon at `addonPath` required by a literal path, so that it is embedded.
 *
 * @throws Error when the text that is to be replaced is gone: without it the executable would be built and could not
 * open a database anywhere but here.
 */
export function withLiteralAddon(source: string, addonPath: string): string {
  const found = source.match(finder)
  if (found?.length !== 1 || !found[0].includes(computedRequire)) {
    throw new Error(
      'libsql/index.js no longer has the requireNative() that the build replaces; ' +
        'read the new file, then adapt scripts/build/libsql-plugin.ts',
    )
  }
  return source.replace(finder, () => literalFinder(addonPath))
}

/** Bun unpacks an embedded addon into TMPDIR (once a version, 10 MB) before it can be loaded from there. */
function literalFinder(addonPath: string): string {
  return `function requireNative() {
  try {
    return require(${JSON.stringify(addonPath)});
  } catch (cause) {
    throw new Error('cannot unpack the database engine: set TMPDIR to a folder that is writable and not mounted noexec', { cause });
  }
}
`
}

/** Bundles libSQL with the addon at `addonPath`. `applied()` says whether libsql/index.js came by at all. */
export function libsqlPlugin(addonPath: string): { readonly plugin: BunPlugin; applied(): boolean } {
  let applied = false
  const plugin: BunPlugin = {
    name: 'libsql-addon',
    setup(build) {
      build.onLoad({ filter: /[\\/]node_modules[\\/]libsql[\\/]index\.js$/ }, async ({ path }) => {
        const contents = withLiteralAddon(await readFile(path, 'utf8'), addonPath)
        applied = true
        return { contents, loader: 'js' }
      })
    },
  }
  return { plugin, applied: () => applied }
}

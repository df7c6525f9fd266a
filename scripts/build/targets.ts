import { closeSync, openSync, readSync } from 'node:fs'

/** A machine the executable can be built for: Bun's name of the runtime, and the npm package of libSQL's addon. */
export interface BuildTarget {
  /** `native`, or the name given to `--target`, which is also the ending of the file's name. */
  readonly name: string
  /** Undefined for this machine: the runtime that runs the build is used. */
  readonly runtime: Bun.Build.CompileTarget | undefined
  /** Platform part of `@libsql/<platform>`. */
  readonly addonPlatform: string
}

export const crossTargets: readonly BuildTarget[] = [
  { name: 'linux-x64', runtime: 'bun-linux-x64', addonPlatform: 'linux-x64-gnu' },
  { name: 'linux-x64-baseline', runtime: 'bun-linux-x64-baseline', addonPlatform: 'linux-x64-gnu' },
  { name: 'linux-x64-musl', runtime: 'bun-linux-x64-musl', addonPlatform: 'linux-x64-musl' },
  { name: 'linux-arm64', runtime: 'bun-linux-arm64', addonPlatform: 'linux-arm64-gnu' },
  { name: 'linux-arm64-musl', runtime: 'bun-linux-arm64-musl', addonPlatform: 'linux-arm64-musl' },
]

/** This machine. */
export const nativeTarget = (): BuildTarget => ({
  name: 'native',
  runtime: undefined,
  addonPlatform: nativeAddonPlatform(),
})

/** @throws Error that lists the names, when there is no such target. */
export function findTarget(name: string): BuildTarget {
  const found = crossTargets.find((target) => target.name === name)
  if (found) return found
  throw new Error(`no target ${name}; there are ${crossTargets.map((target) => target.name).join(', ')}, all, and node`)
}

/** The executable holds the runtime that builds it, so that runtime's C library decides, not what else is installed. */
function nativeAddonPlatform(): string {
  const base = `${process.platform}-${process.arch}`
  if (process.platform !== 'linux') return base
  return `${base}-${startOfFile(process.execPath, 4096).includes('ld-musl') ? 'musl' : 'gnu'}`
}

function startOfFile(path: string, length: number): string {
  const handle = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    return bytes.toString('latin1', 0, readSync(handle, bytes, 0, length, 0))
  } finally {
    closeSync(handle)
  }
}

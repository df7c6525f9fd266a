import type { PairTable } from './pair-table.ts'

/** Which program wrote an infotext, as its `Version:` tells; the order matters. */
const BY_VERSION: readonly (readonly [RegExp, string])[] = [
  [/^comfyui/i, 'ComfyUI'],
  [/^fooocus/i, 'Fooocus'],
  [/^neo\b/i, 'Forge Neo'],
  [/^classic\b/i, 'Forge Classic'],
  [/^f\d/i, 'Forge'],
  [/^v\d/i, 'A1111'],
]

export function softwareOf(table: PairTable): { software?: string; version?: string } {
  const version = table.first('Version')
  const app = table.first('App')
  const named = app ?? BY_VERSION.find(([pattern]) => pattern.test(version ?? ''))?.[1]
  const software = named ?? (table.first('Created Date') === undefined ? undefined : 'Civitai')
  return {
    ...(software === undefined ? {} : { software }),
    ...(version === undefined ? {} : { version }),
  }
}

import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { scanArgs, start } from './airkeep.ts'
import { hashedAt, readIndex } from './index.ts'
import { judge, type Place, type Round } from './rounds.ts'
import { diskFullDeviations } from './syscall-rounds.ts'

/** A filesystem of so many bytes; undefined where this user may not mount one. */
function mountSmall(path: string, bytes: number): (() => void) | undefined {
  mkdirSync(path, { recursive: true })
  const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path])
  if (mounted.exitCode !== 0) return undefined
  return () => {
    Bun.spawnSync(['umount', path])
  }
}

/** Scans with the database on a disk that is full but for some bytes, then with room. */
export async function onFullDisk(place: Place, base: string, leftBytes: number): Promise<Round | undefined> {
  const disk = join(dirname(place.data), 'small-disk')
  const unmount = mountSmall(disk, 24 * 2 ** 20)
  if (unmount === undefined) return undefined
  try {
    const data = join(disk, 'data')
    cpSync(base, data, { recursive: true })
    const filler = join(disk, 'filler')
    fillUp(filler, disk, leftBytes)
    const here = { ...place, data }
    const failed = await start(place.binary, scanArgs(place.roots), here).ended
    const found = diskFullDeviations(failed)
    const before = hashedAt(await readIndex(data))
    rmSync(filler)
    const last = await start(place.binary, scanArgs(place.roots), here).ended
    const round = await judge(here, { before, finished: [before.size], last })
    return { ...round, deviations: [...found, ...round.deviations] }
  } finally {
    unmount()
    if (existsSync(disk)) rmSync(disk, { recursive: true })
  }
}

/** Writes until no more than `leftBytes` are free. */
function fillUp(path: string, disk: string, leftBytes: number): void {
  const { stdout } = Bun.spawnSync(['df', '--output=avail', '-B1', disk])
  const free = Number(stdout.toString().trim().split('\n').at(-1))
  writeFileSync(path, Buffer.alloc(Math.max(0, free - leftBytes)))
}

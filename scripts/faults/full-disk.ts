import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { scanArgs, start } from './airkeep.ts'
import { hashedAt, readIndex } from './index.ts'
import { judge, type Place, type Round } from './rounds.ts'
import { mountSmallDisk } from './small-disk.ts'
import { diskFullDeviations } from './syscall-rounds.ts'

/** Scans with the database on a disk that is full but for some bytes, then with room. */
export async function onFullDisk(place: Place, base: string, leftBytes: number): Promise<Round | undefined> {
  using disk = mountSmallDisk(join(dirname(place.data), 'small-disk'), 24 * 2 ** 20)
  if (disk === undefined) return undefined
  const data = join(disk.path, 'data')
  cpSync(base, data, { recursive: true })
  disk.fill(leftBytes)
  const here = { ...place, data }
  const failed = await start(place.binary, scanArgs(place.roots), here).ended
  const found = diskFullDeviations(failed)
  const before = hashedAt(await readIndex(data))
  disk.makeRoom()
  const last = await start(place.binary, scanArgs(place.roots), here).ended
  const round = await judge(here, { before, finished: [before.size], last })
  return { ...round, deviations: [...found, ...round.deviations] }
}

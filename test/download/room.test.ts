import { expect, test } from 'bun:test'
import { createRoom, type Room } from '../../src/download/room.ts'
import { createDiskSpace } from '../../src/download/space.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'
import { gate } from './world.ts'

type Step = readonly ['reserve' | 'write', number] | readonly ['release']

test.each<readonly [name: string, steps: readonly Step[], reserved: number]>([
  ['nothing before it is asked for', [], 0],
  ['what is missing', [['reserve', 100]], 100],
  [
    'less with each byte on the disk',
    [
      ['reserve', 100],
      ['write', 30],
    ],
    70,
  ],
  [
    'what a larger file needs, once',
    [
      ['reserve', 100],
      ['write', 30],
      ['reserve', 200],
    ],
    200,
  ],
  [
    'no less for a smaller one',
    [
      ['reserve', 100],
      ['reserve', 50],
    ],
    100,
  ],
  ['nothing when it ends', [['reserve', 100], ['reserve', 200], ['release']], 0],
])('%s', async (_, steps, reserved) => {
  using dir = tempDir()
  let free = 1_000
  const space = createDiskSpace({
    quotaBytes: 0,
    minFreeBytes: 0,
    usedBytes: async () => 0,
    freeBytes: async () => free,
  })
  const room: Room = createRoom(space, dir.path)
  for (const [what, bytes = 0] of steps) {
    if (what === 'reserve') await room.reserve(bytes)
    else if (what === 'release') room.release()
    else {
      free -= bytes
      room.written(bytes)
    }
  }
  expect(await rejection(space.reserve(dir.path, free - reserved + 1))).toMatchObject({ reason: 'disk' })
  await space.reserve(dir.path, free - reserved)
})

test('what does not fit leaves what was reserved before', async () => {
  using dir = tempDir()
  const space = createDiskSpace({
    quotaBytes: 0,
    minFreeBytes: 0,
    usedBytes: async () => 0,
    freeBytes: async () => 1_000,
  })
  const room = createRoom(space, dir.path)
  await room.reserve(600)
  expect(await rejection(room.reserve(1_001))).toMatchObject({ reason: 'disk' })
  expect(await rejection(space.reserve(dir.path, 401))).toMatchObject({ reason: 'disk' })
  room.release()
  await space.reserve(dir.path, 1_000)
})

test('what is written while more is asked for is not reserved any more', async () => {
  using dir = tempDir()
  let free = 1_000
  let answered = Promise.resolve()
  const space = createDiskSpace({
    quotaBytes: 0,
    minFreeBytes: 0,
    usedBytes: async () => 0,
    freeBytes: async () => {
      const now = free
      await answered
      return now
    },
  })
  const room = createRoom(space, dir.path)
  await room.reserve(100)
  const answer = gate()
  answered = answer.opened
  const more = room.reserve(200)
  free -= 50
  room.written(50)
  answer.open()
  await more
  // 150 are still to be written: for 200 that is not enough.
  await room.reserve(200)
  expect(await rejection(space.reserve(dir.path, free - 200 + 1))).toMatchObject({ reason: 'disk' })
  await space.reserve(dir.path, free - 200)
})

import { expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { orDiskFull } from '../../src/lib/disk-error.ts'
import { rejection } from '../support/rejection.ts'

const coded = (code: string): Error => Object.assign(new Error('no'), { code })

test('a full disk is told as that, with what was being done', async () => {
  const real = await rejection(writeFile('/dev/full', 'x'))
  for (const cause of [real, coded('ENOSPC'), coded('EDQUOT')]) {
    expect(orDiskFull('store the file', cause)).toMatchObject({
      code: 'disk_full',
      message: 'Could not store the file: the disk is full',
      cause,
    })
  }
})

test.each([
  ['another error of the system', coded('EIO')],
  ['an error without a code', new Error('ENOSPC')],
  ['what is no error', 'ENOSPC'],
  ['nothing', undefined],
])('%s stays as it is', (_what, error) => {
  expect(orDiskFull('store the file', error)).toBe(error)
})

import { describe, expect, test } from 'bun:test'
import { createRootDeps } from '../../src/app/root-deps.ts'
import { createLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { rejection } from '../support/rejection.ts'

const fetch = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: createLog('silent') }), version: '0' })
const { fetchComfyFolders, signal } = createRootDeps(fetch)

async function answered(answer: () => Response): Promise<unknown> {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
  try {
    return await fetchComfyFolders(`http://127.0.0.1:${server.port}/experiment/models`, signal)
  } finally {
    await server.stop(true)
  }
}

describe('a ComfyUI on this machine', () => {
  test('is asked although its address is private', async () => {
    expect(await answered(() => Response.json([{ name: 'loras', folders: ['/l'] }]))).toEqual([
      { name: 'loras', folders: ['/l'] },
    ])
  })

  test('that is too old to know its folders fails', async () => {
    expect(await rejection(answered(() => new Response('', { status: 404 })))).toEqual(
      new Error('ComfyUI answered with status 404'),
    )
  })

  test('that sends no end of folders fails', async () => {
    expect(await rejection(answered(() => new Response(`["${'x'.repeat(5 * 2 ** 20)}"]`)))).toMatchObject({
      code: 'payload_too_large',
    })
  })

  test('that leads elsewhere is not followed', async () => {
    const error = await rejection(answered(() => Response.redirect('http://169.254.169.254/latest')))
    expect(error).toMatchObject({ code: 'forbidden' })
  })
})

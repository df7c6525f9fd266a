import { test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { aPng } from '../support/build.ts'
import { openTrack } from '../support/track.ts'
const timed = (name: string, fn: any) => async (...args: any[]) => {
  const t = performance.now()
  try { return await fn(...args) } finally { const d = performance.now() - t; if (d > 20) process.stdout.write(`${name} ${d.toFixed(1)}\n`) }
}
test('all', async () => {
  const track = await openTrack((deps) => ({
    hashPool: { ...deps.hashPool, hashFile: timed('hash', deps.hashPool.hashFile) },
    localFiles: { ...deps.localFiles, find: timed('find', deps.localFiles.find) },
    db: { ...deps.db, write: timed('write', deps.db.write) },
  }))
  for (let i = 0; i < 40; i++) {
    writeFileSync(`/tmp/bench/f${i}`, aPng())
    const t = performance.now()
    const a = await track.invoke('create_asset', { asset_url: `/tmp/bench/f${i}`, asset_type: 'image', asset_source: 'upload' })
    const d = performance.now() - t
    if (d > 20) process.stdout.write(`create ${i} ${d.toFixed(1)}\n`)
    const t2 = performance.now()
    await track.invoke('update_asset', { asset_id: a['asset_id'], metadata: {a: 1} })
    const d2 = performance.now() - t2
    if (d2 > 20) process.stdout.write(`update ${i} ${d2.toFixed(1)}\n`)
  }
  await track.close()
})

/** Entry point of the worker that copies a database: SQLite's copy of a large one would stop the event loop. */
import { parentPort, workerData } from 'node:worker_threads'
import { createClient } from '@libsql/client/sqlite3'
import { type CopyOrder, type CopyReply, toCopyReply } from './copy-messages.ts'

if (parentPort === null) throw new Error('src/db/copy-worker.ts runs as a worker only')

async function copy({ url, to, busyTimeoutMs }: CopyOrder): Promise<CopyReply> {
  const client = createClient({ url, concurrency: 1, timeout: busyTimeoutMs })
  try {
    await client.execute({ sql: 'VACUUM INTO ?', args: [to] })
    return { ok: true }
  } catch (error) {
    return toCopyReply(error)
  } finally {
    client.close()
  }
}

parentPort.postMessage(await copy(workerData as CopyOrder))

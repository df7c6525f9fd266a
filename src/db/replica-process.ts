import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { type Client, createClient } from '@libsql/client'
import { type ReplicaOrder, type ReplicaReply, toLine } from './replica-messages.ts'

/**
 * Keeps the file of a replica like its primary, on order from stdin, until stdin ends. A process of its own, because
 * libSQL's sync waits for the network inside the addon, without an end, and writes a log of its own to stdout unless
 * the environment says RUST_LOG=off before the start.
 */
export async function keepReplica({ stdin, stdout }: Pick<NodeJS.Process, 'stdin' | 'stdout'>): Promise<void> {
  // libSQL makes the file, and whoever may read it sees the whole ledger.
  process.umask(0o077)
  // Meant for the whole process group; this one ends with its stdin, after the program has written its last.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  let client: Client | undefined
  for await (const line of createInterface({ input: stdin })) {
    let reply: ReplicaReply
    try {
      client ??= connect(JSON.parse(line) as ReplicaOrder)
      await client.sync()
      reply = { ok: true }
    } catch (error) {
      reply = { ok: false, reason: reasonOf(error) }
    }
    stdout.write(toLine(reply))
    // Without a connection there is nothing to keep: whoever wants it starts anew.
    if (client === undefined) return
  }
  client?.close()
}

function connect({ parentPid, url, primaryUrl, authToken }: ReplicaOrder): Client {
  endWith(parentPid)
  return createClient({ url, syncUrl: primaryUrl, ...(authToken === undefined ? {} : { authToken }) })
}

/** Its first line: what follows is a backtrace. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 300) ?? ''

/** A program that was killed closes stdin, but a sync that waits for a silent primary does not see it. */
function endWith(parentPid: number): void {
  const watch = `setInterval(() => { if (process.ppid !== ${parentPid}) process.kill(process.pid, 'SIGKILL') }, 1000)`
  const worker = new Worker(watch, { eval: true })
  worker.on('error', () => {})
  worker.unref()
}

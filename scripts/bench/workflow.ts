/**
 * A workflow of 5 MB while others are served: `bun scripts/bench/workflow.ts [--rounds N]`. The executable analyses it
 * (payload as JSON, payload as text, a file on disk, and as a job) while /health is asked again and again; the longest
 * answer of each way is printed beside the longest without any import.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, type RunningServer, startServer } from './server.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string' } } })
const rounds = Number(values.rounds ?? 7)
const WANTED_MS = 20

const server = await startServer()
try {
  const workflow = aWorkflow(5 * 10 ** 6)
  const text = JSON.stringify(workflow)
  const path = join(server.data, 'workflow.json')
  writeFileSync(path, text)
  process.stdout.write(`a workflow of ${(text.length / 1e6).toFixed(1)} MB, longest answer of /health meanwhile\n`)
  const ways: readonly (readonly [name: string, run: () => Promise<unknown>])[] = [
    ['nothing else', () => Bun.sleep(500)],
    ['dry run, payload as JSON', () => post(server, `{"dry_run":true,"payload":${text}}`)],
    ['dry run, payload as text', () => post(server, JSON.stringify({ dry_run: true, payload: text }))],
    ['dry run, a file on disk', () => post(server, JSON.stringify({ dry_run: true, path }))],
    ['a job, payload as JSON', () => runJob(server, `{"payload":${text}}`)],
    ['a job, a file on disk', () => runJob(server, JSON.stringify({ path }))],
  ]
  for (const [, run] of ways) await run()
  for (const [name, run] of ways) {
    const longest: number[] = []
    const took: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const begin = performance.now()
      longest.push(await longestAnswer(server, run))
      took.push(performance.now() - begin)
    }
    process.stdout.write(
      `${name}: median ${median(longest).toFixed(1)} ms, worst ${Math.max(...longest).toFixed(1)} ms (wanted ${WANTED_MS}); it took ${median(took).toFixed(0)} ms; ${rounds} rounds\n`,
    )
  }
} finally {
  await server.stop()
}

/** Asks without a pause while `run` runs; the time of the slowest answer in ms. */
async function longestAnswer({ port }: RunningServer, run: () => Promise<unknown>): Promise<number> {
  let running = true
  let longest = 0
  const asking = (async () => {
    while (running) {
      const begin = performance.now()
      await (await fetch(`http://127.0.0.1:${port}/health`)).text()
      longest = Math.max(longest, performance.now() - begin)
      await Bun.sleep(1)
    }
  })()
  try {
    await run()
  } finally {
    running = false
    await asking
  }
  return longest
}

async function post({ port }: RunningServer, body: string): Promise<Record<string, unknown>> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/prompts/import`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error(`It was refused: ${JSON.stringify(answer)}`)
  return answer as Record<string, unknown>
}

async function runJob(server: RunningServer, body: string): Promise<void> {
  const { job_id } = await post(server, body)
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${server.port}/v1/prompts/import/${String(job_id)}`)
    const { status } = (await response.json()) as { status: string }
    if (!['analyzing', 'resolving', 'downloading'].includes(status)) return
    await Bun.sleep(5)
  }
}

/** Loaders, samplers and notes, as many as make so many bytes. */
function aWorkflow(bytes: number): object {
  const nodes: object[] = []
  let length = 0
  for (let id = 1; length < bytes; id += 1) {
    const isLoader = id % 50 === 0
    const node = {
      id,
      type: isLoader ? 'LoraLoader' : 'KSampler',
      pos: [id * 10, 100],
      size: { 0: 315, 1: 262 },
      flags: {},
      order: id,
      mode: 0,
      inputs: [{ name: 'model', type: 'MODEL', link: null }],
      outputs: [{ name: 'LATENT', type: 'LATENT', links: [], slot_index: 0 }],
      properties: { 'Node name for S&R': isLoader ? 'LoraLoader' : 'KSampler' },
      widgets_values: isLoader
        ? [`style-${id % 700}.safetensors`, 0.8, 1]
        : [id * 7919, 'randomize', 20, 8, 'euler', 'normal', 1],
    }
    length += JSON.stringify(node).length + 1
    nodes.push(node)
  }
  return { last_node_id: nodes.length, nodes, links: [], groups: [], extra: {}, version: 0.4 }
}

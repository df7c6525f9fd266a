import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { canNest, type Pod, startPod } from '../support/pod.ts'
import { descendantsOf } from '../support/processes.ts'
import { projectDir } from '../support/project-files.ts'

const TOKEN = 'pod-token-of-this-test-0123456789'
const readme = readFileSync(join(projectDir, 'README.md'), 'utf8')

/** The line for a platform, as it stands in the README. */
function lineFor(platform: string): string {
  const [, line = ''] = new RegExp(`^\`\`\`sh ${platform}\\n(.*)\\n\`\`\`$`, 'm').exec(readme) ?? []
  return line
}

let pod: Pod | undefined
afterEach(() => {
  pod?.[Symbol.dispose]()
  pod = undefined
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

/** Asked until something listens there. */
async function ask(url: string, headers: Record<string, string>): Promise<Response> {
  for (;;) {
    try {
      return await fetch(url, { headers })
    } catch (error) {
      if (pod?.ended() !== false) throw error
      await Bun.sleep(20)
    }
  }
}

interface Platform {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  /** Under which the world reaches the pod. */
  readonly host: (port: number) => string
  readonly scripts: Readonly<Record<string, string>>
}

const PLATFORMS: readonly Platform[] = [
  { name: 'vast.ai', env: { PUBLIC_IPADDR: '203.0.113.9' }, host: () => '203.0.113.9:40123', scripts: {} },
  {
    name: 'runpod',
    env: { RUNPOD_POD_ID: 'abc123xyz' },
    host: (port) => `abc123xyz-${port}.proxy.runpod.net`,
    scripts: { '/start.sh': '#!/bin/bash\ntouch /started\nexec sleep infinity\n' },
  },
]

describe('the on-start line of the README', () => {
  test.skipIf(!canNest()).each(PLATFORMS.map((platform) => [platform.name, platform] as const))(
    'for %s',
    async (name, { env, host, scripts }) => {
      const line = lineFor(name)
      expect(line).toContain('/workspace/airkeep serve --host 0.0.0.0 --port 7801 --data /workspace/.airkeep')
      // Only the port is another: that one may be taken here.
      const port = await freePort()
      pod = startPod({
        line: line.replaceAll('7801', String(port)),
        env: { ...env, AIRKEEP_TOKEN: TOKEN },
        scripts,
      })
      const url = `http://127.0.0.1:${port}`
      const outside = host(port)
      const bearer = { authorization: `Bearer ${TOKEN}` }

      const health = await ask(`${url}/health`, { host: outside, ...bearer })
      expect(health.status).toBe(200)
      expect(await health.json()).toMatchObject({ status: 'ok' })
      const assets = (headers: Record<string, string>) => ask(`${url}/v1/assets`, headers)
      expect((await assets({ host: outside, ...bearer })).status).toBe(200)
      expect((await assets({ host: outside })).status).toBe(401)
      expect((await assets({ host: 'elsewhere.example', ...bearer })).status).toBe(403)

      // On the volume, for its owner alone, and the token nowhere that others look.
      expect(statSync(join(pod.root, 'workspace/.airkeep/airkeep.db')).mode & 0o777).toBe(0o600)
      expect(readFileSync(join(pod.root, 'workspace/airkeep.log'), 'utf8')).not.toContain(TOKEN)
      const commandLines = descendantsOf(pod.pid).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
      expect(commandLines.some((line) => line.includes('serve'))).toBe(true)
      expect(commandLines.join(' ')).not.toContain(TOKEN)
      // What the image itself wants to start has started too.
      for (const script of Object.keys(scripts)) {
        expect(script).toBe('/start.sh')
        while (!existsSync(join(pod.root, 'started'))) await Bun.sleep(20)
      }
    },
  )
})

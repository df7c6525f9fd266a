import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

export interface Origin {
  readonly url: string
  stop(): Promise<void>
}

export interface NginxOptions {
  /** For its configuration and what it writes. */
  readonly dir: string
  /** What it serves. */
  readonly root: string
  /** Name below `root`: served when the promise resolves. */
  readonly file: string
}

/** nginx as its makers would have it serve files: sendfile, no log. */
export async function startNginx({ dir, root, file }: NginxOptions): Promise<Origin> {
  const port = await freePort()
  const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`)
  const config = join(dir, 'nginx.conf')
  writeFileSync(
    config,
    `daemon off; user root; worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log;
events { worker_connections 256; }
http { access_log off; sendfile on; tcp_nopush on; ${temps.join(' ')}
  server { listen 127.0.0.1:${port}; root ${root}; } }\n`,
  )
  const child = Bun.spawn(['nginx', '-c', config, '-e', join(dir, 'nginx.log')], {
    stdout: 'ignore',
    stderr: 'inherit',
  })
  const url = `http://127.0.0.1:${port}/${file}`
  await untilServed(url)
  return {
    url,
    async stop() {
      child.kill('SIGQUIT')
      await child.exited
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Resolves when something answers at a URL with 200. */
export async function untilServed(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(url, { method: 'HEAD' }).catch(() => undefined)
    if (answer?.status === 200) return
    await Bun.sleep(50)
  }
}

/** Runs a command to its end. @throws where it fails */
export async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdout: 'ignore', stderr: 'inherit' })
  const code = await child.exited
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}`)
}

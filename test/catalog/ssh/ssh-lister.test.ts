import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { remotePath } from '../../../src/catalog/ssh/remote-listing.ts'
import { SshFailure, type SshStatus } from '../../../src/catalog/ssh/ssh-failure.ts'
import type { ReachRequest, SshLister, SshListerLimits } from '../../../src/catalog/ssh/ssh-lister.ts'
import type { SshTarget } from '../../../src/catalog/ssh/ssh-target.ts'
import { type Actor, OWNER } from '../../../src/operation/permission.ts'
import { descendantsOf } from '../../support/processes.ts'
import { rejection } from '../../support/rejection.ts'
import { needs } from '../../support/requires.ts'
import { acquaintedLister, targetOf, testLister } from '../../support/ssh-lister.ts'
import {
  fingerprintOf,
  freePort,
  makeKey,
  type SshServer,
  type SshServerOptions,
  startSshServer,
} from '../../support/ssh-server.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'

/** Where the gate runs, what is missing fails instead of being left out. */
const able = needs('sshd') && needs('ssh') && needs('ssh-keygen')
const signal = new AbortController().signal

let folder: TempDir
let home: string
let usual: SshServer
beforeAll(async () => {
  folder = tempDir()
  home = join(folder.path, 'ComfyUI')
  mkdirSync(join(home, 'models/loras'), { recursive: true })
  writeFileSync(join(home, 'models/loras/harbor.safetensors'), 'weights')
  if (able) usual = await startSshServer({ folder: join(folder.path, 'usual') })
})
afterAll(async () => {
  await usual?.[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const runFolders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('airkeep-ssh-'))
const before = new Set(runFolders())

let count = 0
const fresh = (): string => {
  count += 1
  const path = join(folder.path, `data-${count}`)
  mkdirSync(path)
  return path
}
const request = (target: SshTarget, rest: Partial<ReachRequest> = {}): ReachRequest => ({
  target,
  actor: OWNER,
  uiHome: home,
  folders: ['models'],
  signal,
  ...rest,
})
const failure = async (lister: SshLister, target: SshTarget, rest: Partial<ReachRequest> = {}): Promise<SshFailure> => {
  const error = await rejection(lister.list(request(target, rest)))
  if (error instanceof SshFailure) return error
  throw error
}
const server = (options: Partial<SshServerOptions> = {}): Promise<SshServer> =>
  startSshServer({ folder: options.folder ?? fresh(), ...options })

describe.skipIf(!able)('a host', () => {
  test('is listed by one connection, with the digests that are asked for', async () => {
    const lister = acquaintedLister(fresh(), usual)
    const before = usual.connections()
    const counts: number[] = []
    const listing = await lister.list(
      request(targetOf(usual), {
        folders: ['models', 'models/loras', 'models/vae', '/no/such/folder'],
        toHash: ({ files }) => files,
        onProgress: (files) => counts.push(files),
      }),
    )
    expect(listing.files.map(remotePath)).toEqual([`${home}/models/loras/harbor.safetensors`])
    expect([...listing.sha256.values()]).toEqual([new Bun.CryptoHasher('sha256').update('weights').digest('hex')])
    expect(listing.folders.map(({ path, state }) => [path, state])).toEqual([
      [`${home}/models`, 'listed'],
      ['/no/such/folder', 'missing'],
    ])
    expect(listing.host).not.toBe('')
    expect(listing.target).toBe(`${usual.user}@127.0.0.1:${usual.port}`)
    expect(usual.connections()).toBe(before + 1)
    expect(counts.at(-1)).toBe(1)
  })

  test('is unknown until its key is accepted, and then it is', async () => {
    const data = fresh()
    const lister = testLister(data)
    const unknown = await failure(lister, targetOf(usual))
    expect(unknown).toMatchObject({ status: 'host_key_unknown', code: 'forbidden' })
    expect(unknown.hostKey).toEqual({ type: 'ssh-ed25519', fingerprint: usual.fingerprint })
    expect(unknown.message).toContain(usual.fingerprint)
    expect(existsSync(join(data, 'known_hosts'))).toBe(false)
    // Another process of the same owner.
    const accepted = await testLister(data).acceptHostKey(targetOf(usual), { actor: OWNER, signal })
    expect(accepted.fingerprint).toBe(usual.fingerprint)
    expect((await lister.list(request(targetOf(usual)))).files).toHaveLength(1)
    expect(readFileSync(join(data, 'known_hosts'), 'utf8')).toStartWith(`[127.0.0.1]:${usual.port} ssh-ed25519 `)
  })

  test.each(['ed25519', 'ecdsa'] as const)('with another key than before is refused (%s)', async (hostKey) => {
    const data = fresh()
    const port = await freePort()
    let lister: SshLister
    let first: string
    {
      await using before = await server({ port })
      lister = acquaintedLister(data, before)
      first = before.fingerprint
    }
    await using after = await server({ port, hostKey })
    const changed = await failure(lister, targetOf(after))
    expect(changed.status).toBe('host_key_changed')
    expect(changed.hostKey?.fingerprint).toBe(after.fingerprint)
    expect(after.fingerprint).not.toBe(first)
    const habit = await rejection(lister.acceptHostKey(targetOf(after), { actor: OWNER, signal }))
    expect(habit).toMatchObject({ code: 'conflict' })
    const { fingerprint } = after
    await lister.acceptHostKey(targetOf(after), { actor: OWNER, fingerprint, signal })
    expect((await lister.list(request(targetOf(after)))).files).toHaveLength(1)
  })

  test('whose key changes between the look and the acceptance does not get in', async () => {
    const data = fresh()
    const port = await freePort()
    const lister = testLister(data)
    let shown: string
    {
      await using before = await server({ port })
      shown = (await failure(lister, targetOf(before))).hostKey?.fingerprint ?? ''
    }
    await using after = await server({ port })
    expect((await lister.acceptHostKey(targetOf(after), { actor: OWNER, signal })).fingerprint).toBe(shown)
    expect((await failure(lister, targetOf(after))).status).toBe('host_key_changed')
  })

  test('is not reached by callers with a token, unless it is named', async () => {
    const data = fresh()
    const { identity, ...target } = targetOf(usual)
    const actor: Actor = { kind: 'token', name: 'ci', permissions: new Set(['admin']) }
    // The owner's configuration has the key.
    const configFile = join(data, 'config')
    writeFileSync(configFile, `IdentityFile ${identity}\n`)
    const closed = acquaintedLister(data, usual, { configFile })
    expect(await rejection(closed.list(request(target, { actor })))).toMatchObject({ code: 'forbidden' })
    const accept = closed.acceptHostKey(target, { actor, signal })
    expect(await rejection(accept)).toMatchObject({ code: 'forbidden' })
    const open = testLister(data, { configFile, sshHosts: [`127.0.0.1:${usual.port}`] })
    expect((await open.list(request(target, { actor }))).files).toHaveLength(1)
    const key = await rejection(open.list(request(targetOf(usual), { actor })))
    expect(key).toMatchObject({ code: 'forbidden', message: expect.stringContaining('key file') })
  })
})

describe.skipIf(!able)('the listing is right', () => {
  test.each<[string, Partial<SshServerOptions>]>([
    [
      'whatever the login prints',
      {
        instead:
          'echo "Welcome to gpu-7"; printf "\\033[2Jx\\0airkeep-0 begin\\0"; echo oops >&2; eval "$SSH_ORIGINAL_COMMAND"; echo bye',
      },
    ],
    [
      'whatever the login’s stderr claims',
      { instead: 'echo "REMOTE HOST IDENTIFICATION HAS CHANGED" >&2; eval "$SSH_ORIGINAL_COMMAND"; exit 255' },
    ],
  ])('%s', async (_, options) => {
    await using talking = await server(options)
    const lister = acquaintedLister(fresh(), talking)
    expect((await lister.list(request(targetOf(talking)))).files.map(({ path }) => path)).toEqual([
      'loras/harbor.safetensors',
    ])
  })

  test('with a banner of hundreds of lines', async () => {
    const own = fresh()
    writeFileSync(join(own, 'banner'), 'Host key verification failed.\nPermission denied (password).\n'.repeat(300))
    await using talking = await server({ folder: own, config: [`Banner ${join(own, 'banner')}`] })
    const lister = acquaintedLister(fresh(), talking)
    expect((await lister.list(request(targetOf(talking)))).files).toHaveLength(1)
  })

  test('whatever files are called', async () => {
    const odd = join(fresh(), "it's $(reboot)\n")
    const names = [
      'a\nb',
      '$(reboot)',
      '-rf',
      '`reboot`',
      '*?[',
      '"',
      "'",
      ';',
      'airkeep-0 end',
      ' ',
      '\t',
      '\u001b[2J',
    ].map((name) => Buffer.from(name))
    names.push(Buffer.from([0xff, 0xfe]), Buffer.from('caf\u00e9', 'latin1'))
    mkdirSync(join(odd, '-rf'), { recursive: true })
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${odd}/-rf/`), name]), '')
    const lister = acquaintedLister(fresh(), usual)
    const listing = await lister.list(
      request(targetOf(usual), { uiHome: odd, folders: ['-rf', '$(reboot)', '`x`', 'a\nb', '*'] }),
    )
    expect(listing.uiHome?.path).toBe(odd)
    const found = new Set(listing.files.map(({ path }) => path))
    const real = new Set(
      names.map((name) => (name[0] === 0xff ? '\udcff\udcfe' : name.includes(0xe9) ? 'caf\udce9' : name.toString())),
    )
    expect(found).toEqual(real)
    expect(listing.folders.map(({ state }) => state)).toEqual(['listed', 'missing', 'missing', 'missing', 'missing'])
  })

  test('of 20,000 files', async () => {
    const many = fresh()
    for (let at = 0; at < 20; at += 1) {
      mkdirSync(join(many, `models/${at}`), { recursive: true })
      for (let index = 0; index < 1_000; index += 1)
        writeFileSync(join(many, `models/${at}/harbor-lights-${index}.safetensors`), '')
    }
    const lister = acquaintedLister(fresh(), usual)
    const listing = await lister.list(request(targetOf(usual), { uiHome: many }))
    expect(new Set(listing.files.map(({ path }) => path)).size).toBe(20_000)
  })
})

/** Words of a command line, each ended by NUL; empty where the process has ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Servers that are none: what they do with a connection. */
async function withServer<T>(onConnection: (socket: Socket) => void, work: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>()
  const fake: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve))
  try {
    const address = fake.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return await work(address.port)
  } finally {
    for (const socket of sockets) socket.destroy()
    fake.close()
  }
}

const QUICK: Partial<SshListerLimits> = { connectSeconds: 1, listSilenceMs: 1_000 }

describe.skipIf(!able)('it fails, as itself,', () => {
  test.each<[string, Partial<SshServerOptions>, SshStatus, string]>([
    [
      'where the connection is cut in the middle',
      { instead: 'eval "$SSH_ORIGINAL_COMMAND" | head -c 70; kill -9 $PPID' },
      'broke_off',
      'connection ended',
    ],
    [
      'where the far side’s answer is cut',
      { instead: 'eval "$SSH_ORIGINAL_COMMAND" | head -c 70' },
      'broke_off',
      'middle',
    ],
    [
      'where something talks into the answer',
      { instead: 'eval "$SSH_ORIGINAL_COMMAND" | { head -c 70; printf "Broadcast message\\0"; cat; }' },
      'broke_off',
      'middle',
    ],
    ['where there is no sh', { instead: 'PATH=/nowhere; eval "$SSH_ORIGINAL_COMMAND"' }, 'no_shell', 'no POSIX shell'],
    [
      'where the account runs nothing',
      { instead: 'echo "This account is \u001b[1mnot available."; exit 1' },
      'no_shell',
      'no commands',
    ],
    ['where the login says other things without end', { instead: 'yes' }, 'no_shell', ''],
    ['where the far side hangs', { instead: 'sleep 60' }, 'timed_out', 'in time'],
    [
      'where it hangs in the middle',
      { instead: 'eval "$SSH_ORIGINAL_COMMAND" | { head -c 70; sleep 60; }' },
      'timed_out',
      '',
    ],
  ])('%s', async (_, options, status, named) => {
    await using odd = await server(options)
    const lister = acquaintedLister(fresh(), odd, status === 'timed_out' ? { limits: QUICK } : {})
    const error = await failure(lister, targetOf(odd))
    expect(error).toMatchObject({ status })
    expect(error.message).toContain(named)
    expect(error.message).not.toContain('\u001b')
  })

  test('where it logs in and says nothing, long before a disk counts as slow', async () => {
    await using odd = await server({ instead: 'sleep 60' })
    const lister = acquaintedLister(fresh(), odd, { limits: { helloMs: 1_000, listSilenceMs: 600_000 } })
    expect(await failure(lister, targetOf(odd))).toMatchObject({ status: 'timed_out' })
  })

  test('where no key fits, or a password is asked for', async () => {
    const other = join(fresh(), 'id_ed25519')
    makeKey(other, 'ed25519')
    expect(fingerprintOf(other)).toStartWith('SHA256:')
    const stranger = { ...targetOf(usual), identity: other }
    const lister = acquaintedLister(fresh(), usual)
    expect(await failure(lister, stranger)).toMatchObject({ status: 'login_refused', code: 'forbidden' })
    await using both = await server({ config: ['PasswordAuthentication yes'] })
    const second = acquaintedLister(fresh(), both)
    const also = await failure(second, { ...targetOf(both), identity: other })
    expect(also).toMatchObject({ status: 'login_refused', message: expect.stringContaining('password') })
    await using typed = await server({ config: ['PasswordAuthentication yes', 'PubkeyAuthentication no'] })
    const third = acquaintedLister(fresh(), typed)
    expect(await failure(third, targetOf(typed))).toMatchObject({ status: 'password_needed' })
  })

  test('where the key file is missing, open or none', async () => {
    const own = fresh()
    const lister = acquaintedLister(own, usual)
    const open = join(own, 'open')
    writeFileSync(open, readFileSync(usual.key))
    chmodSync(open, 0o644)
    const none = join(own, 'none')
    writeFileSync(none, 'hello', { mode: 0o600 })
    const pipe = join(own, 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const identity of [join(own, 'missing'), open, none, own, pipe, '/dev/zero']) {
      expect(await failure(lister, { ...targetOf(usual), identity })).toMatchObject({ status: 'bad_key' })
    }
  })

  test('where nothing listens, and where no such name is known', async () => {
    const lister = testLister(fresh())
    const port = await freePort()
    expect(await failure(lister, { ...targetOf(usual), port })).toMatchObject({ status: 'connection_refused' })
    expect(await failure(lister, { host: 'no-such-host.invalid', user: 'root' })).toMatchObject({
      status: 'name_unknown',
    })
  })

  test.each<[string, (socket: Socket) => void, SshStatus]>([
    ['says nothing', () => {}, 'timed_out'],
    ['says nothing after its first line', (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'), 'timed_out'],
    ['hangs up', (socket) => socket.destroy(), 'broke_off'],
    ['is a web server', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'broke_off'],
    ['speaks something else', (socket) => socket.write('\u0001\u0000\u0002\n'), 'no_agreement'],
  ])('where the server %s', async (_, onConnection, status) => {
    await withServer(onConnection, async (port) => {
      const lister = testLister(fresh(), { limits: QUICK })
      expect(await failure(lister, { host: '127.0.0.1', port, user: 'root' })).toMatchObject({ status })
    })
  })

  test('where this machine has no ssh', async () => {
    const lister = testLister(fresh(), { program: 'no-such-ssh' })
    expect(await failure(lister, targetOf(usual))).toMatchObject({ status: 'no_ssh' })
    const other = testLister(fresh(), { program: 'true' })
    expect(await failure(other, targetOf(usual))).toMatchObject({ status: 'no_ssh' })
  })

  test('where the answer is larger than any', async () => {
    const lister = acquaintedLister(fresh(), usual, { limits: { maxBytes: 100 } })
    expect(await failure(lister, targetOf(usual))).toMatchObject({ status: 'too_much' })
  })

  test('where the given home is not there', async () => {
    const lister = acquaintedLister(fresh(), usual)
    const error = await failure(lister, targetOf(usual), { uiHome: `${home}-none` })
    expect(error).toMatchObject({ status: 'no_ui_home' })
  })

  test('where it is cancelled: ssh and what it started are gone', async () => {
    await using slow = await server({ instead: 'echo "$PPID" > "$0.began"; exec sleep 60' })
    const lister = acquaintedLister(fresh(), slow)
    const controller = new AbortController()
    const before = new Set(descendantsOf(process.pid))
    const running = rejection(lister.list(request(targetOf(slow), { signal: controller.signal })))
    const began = join(slow.key, '../instead.sh.began')
    while (!existsSync(began)) await new Promise((resolve) => setImmediate(resolve))
    controller.abort(new Error('enough'))
    expect(await running).toMatchObject({ message: 'enough' })
    const left = descendantsOf(process.pid).filter((pid) => !before.has(pid))
    expect(left.filter((pid) => commandOf(pid).startsWith('ssh\0'))).toEqual([])
    expect(await rejection(lister.list(request(targetOf(slow), { signal: controller.signal })))).toMatchObject({
      message: 'enough',
    })
  })
})

describe.skipIf(!able)('whatever the owner’s configuration says', () => {
  test('nothing is forwarded, run here, shared or asked', async () => {
    const data = fresh()
    const configFile = join(data, 'config')
    const touched = join(data, 'touched')
    const lines = [
      'ForwardAgent yes',
      'ForwardX11 yes',
      `LocalForward ${await freePort()} 127.0.0.1:1`,
      `RemoteForward ${await freePort()} 127.0.0.1:1`,
      'PermitLocalCommand yes',
      `LocalCommand touch ${touched}`,
      `RemoteCommand touch ${touched}`,
      'RequestTTY force',
      'ControlMaster auto',
      `ControlPath ${join(data, 'control')}`,
      'ControlPersist 60',
      'StrictHostKeyChecking no',
      `UserKnownHostsFile ${join(data, 'theirs')}`,
      'UpdateHostKeys yes',
      'HostKeyAlias other',
      'NoHostAuthenticationForLocalhost yes',
      'SendEnv HF_TOKEN',
      'BatchMode no',
      'ExitOnForwardFailure yes',
      'LogLevel DEBUG',
    ]
    writeFileSync(configFile, `${lines.join('\n')}\n`)
    await using watched = await server({
      config: ['AcceptEnv *'],
      instead: 'env > "$0.env"; eval "$SSH_ORIGINAL_COMMAND"',
    })
    const agent = join(data, 'agent')
    await using running = Bun.spawn(['ssh-agent', '-D', '-a', agent], { stdio: ['ignore', 'ignore', 'ignore'] })
    while (!existsSync(agent) && running.exitCode === null) await new Promise((resolve) => setImmediate(resolve))
    const env = { ...process.env, HF_TOKEN: 'secret-token', SSH_AUTH_SOCK: agent }
    const lister = testLister(data, { configFile, env })
    expect((await failure(lister, targetOf(watched))).status).toBe('host_key_unknown')
    await lister.acceptHostKey(targetOf(watched), { actor: OWNER, signal })
    expect((await lister.list(request(targetOf(watched)))).files).toHaveLength(1)
    expect(readdirSync(data).toSorted()).toEqual(['agent', 'config', 'known_hosts', 'known_hosts.shown'])
    const seen = readFileSync(join(watched.key, '../instead.sh.env'), 'utf8')
    expect(seen).not.toContain('secret-token')
    expect(seen).not.toMatch(/^(SSH_AUTH_SOCK|DISPLAY|SSH_TTY)=/m)
  })

  test('its proxy command and its names of hosts are followed', async () => {
    const data = fresh()
    const configFile = join(data, 'config')
    const { identity, ...rest } = targetOf(usual)
    writeFileSync(configFile, `Host rented\n  HostName 127.0.0.1\n  Port ${rest.port}\n  IdentityFile ${identity}\n`)
    const lister = testLister(data, { configFile })
    const target = { host: 'rented', user: rest.user }
    expect((await failure(lister, target)).hostKey?.fingerprint).toBe(usual.fingerprint)
    await lister.acceptHostKey(target, { actor: OWNER, signal })
    expect((await lister.list(request(target))).files).toHaveLength(1)
    expect(readFileSync(join(data, 'known_hosts'), 'utf8')).toStartWith('[rented] ')
  })

  test('one that ssh cannot read is named', async () => {
    const configFile = join(fresh(), 'config')
    writeFileSync(configFile, 'Nonsense yes\n')
    expect(await failure(testLister(fresh(), { configFile }), targetOf(usual))).toMatchObject({ status: 'bad_config' })
  })
})

test.skipIf(!able)('nothing is left behind', () => {
  expect(runFolders().filter((name) => !before.has(name))).toEqual([])
})

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { sshArguments } from '../../../src/catalog/ssh/ssh-arguments.ts'
import { parseSshLine } from '../../../src/catalog/ssh/ssh-line.ts'
import { describeTarget, readSshTarget, type SshFields, type SshTarget } from '../../../src/catalog/ssh/ssh-target.ts'
import { AppError } from '../../../src/errors.ts'

const root = (rest: Partial<SshTarget>): SshTarget => ({ host: 'ssh5.example.com', user: 'root', ...rest })

describe('a target is read from', () => {
  test.each<[string, SshFields, SshTarget]>([
    ['a name', { ssh_host: 'ssh5.example.com' }, root({})],
    [
      'name, port and user',
      { ssh_host: 'gpu_1', ssh_port: 40123, ssh_user: 'ubuntu' },
      { host: 'gpu_1', port: 40123, user: 'ubuntu' },
    ],
    ['an IPv4 address', { ssh_host: '192.0.2.7', ssh_port: 22 }, root({ host: '192.0.2.7', port: 22 })],
    ['an IPv6 address', { ssh_host: '2001:db8::7' }, root({ host: '2001:db8::7' })],
    ['one in brackets', { ssh_host: '[2001:db8::7]', ssh_port: 1 }, root({ host: '2001:db8::7', port: 1 })],
    ['a pasted line', { ssh_host: 'ssh -p 40123 root@ssh5.example.com' }, root({ port: 40123 })],
    [
      'one with forwardings',
      { ssh_host: 'ssh -p 40123 root@ssh5.example.com -L 8080:localhost:8080' },
      root({ port: 40123 }),
    ],
    [
      'forwardings of all kinds',
      { ssh_host: 'ssh -L8080:localhost:8080 -R 1:2:3 -D *:1080 -D9 root@ssh5.example.com' },
      root({}),
    ],
    ['the port behind the host', { ssh_host: ' ssh  root@ssh5.example.com\t-p40123 ' }, root({ port: 40123 })],
    ['no user', { ssh_host: 'ssh ssh5.example.com' }, root({})],
    ['the user beside it', { ssh_host: 'ssh ssh5.example.com', ssh_user: 'ubuntu' }, root({ user: 'ubuntu' })],
    ['the same port twice', { ssh_host: 'ssh -p 9 ssh5.example.com', ssh_port: 9 }, root({ port: 9 })],
    ['a key', { ssh_host: 'ssh -i ~/.ssh/id_rent root@ssh5.example.com' }, root({ identity: '~/.ssh/id_rent' })],
    [
      'a key in quotes',
      { ssh_host: `ssh -i "/keys/of mine/id" -p '7' root@ssh5.example.com` },
      root({ identity: '/keys/of mine/id', port: 7 }),
    ],
    ['an address in a line', { ssh_host: 'ssh root@[2001:db8::7] -p 8' }, root({ host: '2001:db8::7', port: 8 })],
  ])('%s', (_, fields, target) => {
    expect(readSshTarget(fields)).toEqual(target)
  })

  test('parts, and shown again', () => {
    expect(describeTarget(readSshTarget({ ssh_host: '[2001:db8::7]', ssh_port: 8 }))).toBe('root@[2001:db8::7]:8')
    expect(describeTarget(readSshTarget({ ssh_host: 'gpu', ssh_user: 'me' }))).toBe('me@gpu')
  })
})

const refusal = (fields: SshFields): AppError => {
  try {
    readSshTarget(fields)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('It was taken')
}

describe('it is refused', () => {
  test.each([
    ['-oProxyCommand=touch x'],
    ['-oProxyCommand'],
    ['--'],
    ['-'],
    [''],
    ['.hidden'],
    ['host name'],
    ['host\n-oProxyCommand=x'],
    ['host\n'],
    ['host\0'],
    ['$(reboot)'],
    ['`reboot`'],
    ['a;b'],
    ['a|b'],
    ['user@host'],
    ['host:22'],
    ['ssh://host'],
    ['[host]'],
    ['[192.0.2.7]'],
    ['fe80::1%eth0'],
    ['[fe80::1%$(reboot)]'],
    ['%h'],
    ['*'],
    ['a,b'],
    ['höst'],
    ['x'.repeat(254)],
  ])('as host: %j', (ssh_host) => {
    expect(refusal({ ssh_host })).toMatchObject({ code: 'invalid_input', errors: [{ path: 'ssh_host' }] })
  })

  test.each<[string, Partial<SshFields>, string]>([
    ['a user that is an option', { ssh_user: '-oProxyCommand=x' }, 'ssh_user'],
    ['a user with a host', { ssh_user: 'root@elsewhere' }, 'ssh_user'],
    ['a user with a line break', { ssh_user: 'root\n' }, 'ssh_user'],
    ['an empty user', { ssh_user: '' }, 'ssh_user'],
    ['port 0', { ssh_port: 0 }, 'ssh_port'],
    ['a port too high', { ssh_port: 65_536 }, 'ssh_port'],
    ['half a port', { ssh_port: 22.5 }, 'ssh_port'],
    ['a port that is not the line’s', { ssh_host: 'ssh -p 1 host', ssh_port: 2 }, 'ssh_port'],
    ['a user that is not the line’s', { ssh_host: 'ssh a@host', ssh_user: 'b' }, 'ssh_user'],
  ])('for %s', (_, fields, path) => {
    expect(refusal({ ssh_host: 'host', ...fields })).toMatchObject({ code: 'invalid_input', errors: [{ path }] })
  })

  test.each([
    ['ssh -oProxyCommand=touch root@host', '-o'],
    ['ssh -o StrictHostKeyChecking=no root@host', '-o'],
    ['ssh root@host -o ProxyCommand=x', '-o'],
    ['ssh -N root@host', '-N'],
    ['ssh -NL 8080:localhost:8080 root@host', '-N'],
    ['ssh -A root@host', '-A'],
    ['ssh -l root host', '-l'],
    ['ssh -F /etc/passwd host', '-F'],
    ['ssh -J other host', '-J'],
    ['ssh -W a:1 host', '-W'],
    ['ssh -E /etc/cron.d/x host', '-E'],
    ['ssh -S /tmp/socket host', '-S'],
    ['ssh -- host', '--'],
    ['ssh --proxy=secret host', '--proxy'],
    ['ssh - host', '-'],
    ['ssh root@host reboot', 'command'],
    ['ssh root@host -p 2 reboot', 'command'],
    ['ssh -p 1 -p 2 host', '-p'],
    ['ssh host -p', '-p'],
    ['ssh -p $(reboot) host', '$'],
    ['ssh `reboot`@host', 'backtick'],
    ['ssh host; reboot', ';'],
    ['ssh host && reboot', '&'],
    ['ssh host\nreboot', 'line break'],
    ['ssh host > /etc/passwd', '>'],
    ['ssh root@ho\\st', '\\'],
    ['ssh "root@host', 'quote'],
    ['ssh -i relative/key host', '-i'],
    ['ssh -i /keys/%h host', '-i'],
    ['ssh -p 99999 host', 'port'],
    ['ssh -p 0x16 host', 'port'],
    ['ssh -p "" host', 'port'],
    ['ssh -L 1:2:3', 'no host'],
    [`ssh ${'x'.repeat(5000)}`, 'too long'],
  ])('as line: %j, naming %j', (ssh_host, named) => {
    const error = refusal({ ssh_host })
    expect(error.code).toBe('invalid_input')
    expect(error.message).toContain(named)
    expect(error.message).not.toContain('secret')
  })

  test('what is not one line of ssh', () => {
    expect(() => parseSshLine('scp root@host')).toThrow('ssh')
  })
})

const LINE_WORDS = [
  '-p',
  '22',
  '-p22',
  '-i',
  '/k',
  '~/k',
  '-L',
  '1:a:2',
  'root@h',
  'h',
  '-oProxyCommand=x',
  '--',
  '-F',
  '[::1]',
  '-',
]
const words = fc.array(fc.constantFrom(...LINE_WORDS), { maxLength: 6 }).map((some) => some.join(' '))
const hostile = fc.string({ unit: fc.constantFrom(...'-oioLRDp@[]:%$`"\' \n\t=.aZ09') })
const odd = fc.oneof(fc.string({ unit: 'grapheme' }), hostile, words)
const host = fc.oneof(
  odd,
  words.map((some) => `ssh ${some}`),
  words.map((some) => `ssh ${some} root@host`),
)

test('whatever the text, no option and no other command reaches ssh', () => {
  let taken = 0
  fc.assert(
    fc.property(
      host,
      fc.option(odd, { nil: undefined, freq: 1 }),
      fc.option(fc.integer(), { nil: undefined, freq: 1 }),
      (text, ssh_user, ssh_port) => {
        let target: SshTarget
        try {
          target = readSshTarget({ ssh_host: text, ssh_user, ssh_port })
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
          return
        }
        taken += 1
        const ours = { hostKey: 'strict', connectSeconds: 9, newer: [], command: 'COMMAND' } as const
        const plain = sshArguments({ ...ours, target: { host: 'h', user: 'u' } })
        const args = sshArguments({ ...ours, target, identity: target.identity })
        // Of our own making, but for the values of -l, -p and -i, the alias, and the host, which stands behind `--`.
        expect(args.slice(-3)).toEqual(['--', target.host, 'COMMAND'])
        expect(target.host).toMatch(/^[A-Za-z0-9_:][A-Za-z0-9._:-]*$/)
        expect(target.user).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/)
        const rest = [...args]
        for (const own of plain.slice(0, -3))
          if (own !== 'u' && !own.startsWith('HostKeyAlias=')) rest.splice(rest.indexOf(own), 1)
        const left = rest
          .slice(0, -3)
          .filter((word) => word !== '-o' && word !== 'IdentitiesOnly=yes' && !word.startsWith('HostKeyAlias=['))
        expect(left).toEqual([
          target.user,
          ...(target.port === undefined ? [] : ['-p', String(target.port)]),
          ...(target.identity === undefined ? [] : ['-i', target.identity]),
        ])
        expect(target.identity ?? '/').toMatch(/^(?:\/|~\/)/)
      },
    ),
    { numRuns: 3000 },
  )
  expect(taken).toBeGreaterThan(100)
})

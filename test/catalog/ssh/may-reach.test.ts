import { describe, expect, test } from 'bun:test'
import { demandOwner, demandReach, mayReach } from '../../../src/catalog/ssh/may-reach.ts'
import { type Actor, OWNER } from '../../../src/operation/permission.ts'

const caller: Actor = { kind: 'token', name: 'ci', permissions: new Set(['admin']) }
const HOSTS = ['gpu-1.example.com', 'gpu-2.example.com:40123', '*.pods.example.com', '192.0.2.0/24', '[2001:db8::7]:9']

describe('a caller with a token reaches', () => {
  test.each<[string, number | undefined, boolean]>([
    ['gpu-1.example.com', undefined, true],
    ['GPU-1.example.com.', 2222, true],
    ['gpu-2.example.com', 40123, true],
    ['gpu-2.example.com', undefined, false],
    ['a.pods.example.com', 7, true],
    ['pods.example.com', 7, false],
    ['192.0.2.7', 22, true],
    ['3221225991', 22, false],
    ['2001:db8::7', 9, true],
    ['2001:db8::8', 9, false],
    ['elsewhere.example.com', undefined, false],
    ['localhost', undefined, false],
  ])('%s, port %p: %p', (host, port, reached) => {
    const target = { host, user: 'root', ...(port === undefined ? {} : { port }) }
    expect(mayReach(caller, target, HOSTS)).toBe(reached)
    expect(mayReach(OWNER, target, HOSTS)).toBe(true)
    const demand = (): void => demandReach(caller, target, HOSTS)
    if (reached) expect(demand).not.toThrow()
    else expect(demand).toThrow('may not be reached')
  })

  test('none where none is named, with no key of its choice, and accepts no key', () => {
    expect(mayReach(caller, { host: 'gpu', user: 'root' }, [])).toBe(false)
    const named = { host: 'gpu-1.example.com', user: 'root', identity: '/etc/ssh/ssh_host_ed25519_key' }
    expect(() => demandReach(caller, named, HOSTS)).toThrow('key file')
    expect(() => demandReach(OWNER, named, [])).not.toThrow()
    expect(() => demandOwner(caller)).toThrow('owner')
  })
})

test('an entry that nobody can read is named', () => {
  expect(() => mayReach(caller, { host: 'gpu', user: 'root' }, ['ssh://gpu'])).toThrow('AIRKEEP_SSH_HOSTS')
})

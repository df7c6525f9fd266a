import { expect, test } from 'bun:test'
import { readSshTarget } from '../../../src/catalog/ssh/ssh-target.ts'
import { toSshLine } from '../../../src/cli/catalog/check.ts'

test.each([
  ['gpu', { host: 'gpu', user: 'root' }],
  ['me@gpu', { host: 'gpu', user: 'me' }],
  ['me@[2001:db8::7]', { host: '2001:db8::7', user: 'me' }],
  ['me@gpu -p 40123', { host: 'gpu', user: 'me', port: 40123 }],
  ['ssh -p 40123 root@gpu -L 8080:localhost:8080', { host: 'gpu', user: 'root', port: 40123 }],
  [' ssh\tme@gpu', { host: 'gpu', user: 'me' }],
])('--ssh %j is a host, with its user or as a line', (typed, target) => {
  expect(readSshTarget({ ssh_host: toSshLine(typed) })).toEqual(target)
})

test.each(['', ' ', '-oProxyCommand=reboot', 'me@-oProxyCommand=reboot', 'gpu reboot', 'gpu;reboot', 'a@b@c -o x'])(
  '--ssh %j is refused',
  (typed) => {
    expect(() => readSshTarget({ ssh_host: toSshLine(typed) })).toThrow()
  },
)

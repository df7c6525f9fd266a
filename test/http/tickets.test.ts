import { expect, test } from 'bun:test'
import { createTickets } from '../../src/http/tickets.ts'
import { OWNER } from '../../src/operation/permission.ts'

test('a ticket is good once, for less than 60 seconds', () => {
  const clock = { at: 1_000, now: () => clock.at }
  const tickets = createTickets(clock)
  const { ticket, expiresAt } = tickets.issue(OWNER)
  expect(ticket).toMatch(/^[\w-]{43}$/)
  expect(expiresAt).toBe(61_000)
  expect(tickets.take(`${ticket}x`)).toBeUndefined()
  clock.at = 60_999
  expect(tickets.take(ticket)).toBe(OWNER)
  expect(tickets.take(ticket)).toBeUndefined()
  const late = tickets.issue(OWNER)
  clock.at = late.expiresAt
  expect(tickets.take(late.ticket)).toBeUndefined()
})

test('asking for tickets without end keeps only the newest ten thousand', () => {
  const tickets = createTickets({ now: () => 0 })
  const first = tickets.issue(OWNER).ticket
  const second = tickets.issue(OWNER).ticket
  for (let count = 0; count < 9_999; count += 1) tickets.issue(OWNER)
  expect(tickets.take(first)).toBeUndefined()
  expect(tickets.take(second)).toBe(OWNER)
})

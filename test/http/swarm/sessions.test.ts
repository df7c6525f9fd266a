import { describe, expect, test } from 'bun:test'
import { createSessions, MAX_SESSIONS_EACH, SESSION_IDLE_MS } from '../../../src/http/swarm/sessions.ts'
import { aTokenActor, createTestClock } from '../../support/track.ts'

const ada = aTokenActor('ada', 'models:serve')
const bob = aTokenActor('bob', 'models:serve')

describe('sessions', () => {
  test('have ids of their own that nobody guesses', () => {
    const sessions = createSessions(createTestClock())
    const ids = Array.from({ length: 20 }, () => sessions.open(ada))
    expect(new Set(ids).size).toBe(20)
    for (const id of ids) expect(Buffer.from(id, 'base64url').length).toBe(32)
    expect(ids.map((id) => sessions.find(id))).toEqual(ids.map(() => ada))
    for (const id of ['', 'x', `${ids[0]}x`]) expect(sessions.find(id)).toBeUndefined()
  })

  test('end when they were not used for hours, and live as long as they are', () => {
    const clock = createTestClock()
    const sessions = createSessions(clock)
    const used = sessions.open(ada)
    const unused = sessions.open(bob)
    for (let hour = 0; hour < 24; hour += 1) {
      clock.advance(SESSION_IDLE_MS / 2)
      expect(sessions.find(used)).toBe(ada)
    }
    expect(sessions.find(unused)).toBeUndefined()
    clock.advance(SESSION_IDLE_MS)
    expect(sessions.find(used)).toBeUndefined()
  })

  test('of one actor are bounded, and do not push out those of others', () => {
    const sessions = createSessions(createTestClock())
    const other = sessions.open(bob)
    const first = sessions.open(ada)
    const second = sessions.open(ada)
    sessions.find(first)
    for (let more = 0; more < MAX_SESSIONS_EACH - 1; more += 1) sessions.open(ada)
    expect(sessions.find(second)).toBeUndefined()
    expect(sessions.find(first)).toBe(ada)
    expect(sessions.find(other)).toBe(bob)
  })

  test('end when they are ended', () => {
    const sessions = createSessions(createTestClock())
    const id = sessions.open(ada)
    sessions.end(id)
    expect(sessions.find(id)).toBeUndefined()
  })

  test('of all actors are bounded too', () => {
    const sessions = createSessions(createTestClock())
    const first = sessions.open(bob)
    for (let more = 0; more < 4_096; more += 1) sessions.open(aTokenActor(`n${more}`, 'models:serve'))
    expect(sessions.find(first)).toBeUndefined()
  })
})

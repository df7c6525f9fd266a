import { describe, test } from 'bun:test'
import { PLAYBOOKS } from '../support/playbooks.ts'
import { openTrack } from '../support/track.ts'

describe('playbooks of the recording guide', () => {
  test.each(PLAYBOOKS.map((playbook) => [playbook.name, playbook] as const))('%s', async (_, playbook) => {
    const track = await openTrack()
    try {
      await playbook.play(track)
    } finally {
      await track.close()
    }
  })
})

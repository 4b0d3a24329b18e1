import { expect, test } from 'bun:test'
import { envWith } from './env-folder.ts'

test('keys are set where they stand, also commented out, and else at the end', () => {
  const text = '# what A is\nA=1\n\n# what B is\n# B=\n'
  expect(envWith(text, { A: 'x$&', B: 'off', C: 'new' })).toBe('# what A is\nA=x$&\n\n# what B is\nB=off\n\nC=new\n')
})

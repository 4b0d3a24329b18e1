import { expect, test } from 'bun:test'
import { grabber, screenServer, terminal, windowManager } from './screen-commands.ts'

const size = { width: 640, height: 480 }

test('the screen picks its own number, asks for a cookie and listens on no network', () => {
  expect(screenServer(size, '/x/auth').join(' ')).toBe(
    'Xvfb -displayfd 1 -screen 0 640x480x24 -auth /x/auth -nolisten tcp -noreset',
  )
})

test('the window manager says when it is there', () => {
  expect(windowManager('managed')).toEqual(['openbox', '--startup', 'touch managed'])
})

test('the terminal runs what it is given, word by word', () => {
  expect(terminal(['bun', 'a b.ts']).slice(-3)).toEqual(['-e', 'bun', 'a b.ts'])
})

test('the screen is grabbed as fragmented MP4 of that length', () => {
  const line = grabber(size, { display: ':7', seconds: 4, file: '/x/out.mp4' }).join(' ')
  expect(line).toContain('-f x11grab -framerate 10 -video_size 640x480 -i :7 -t 4')
  expect(line).toEndWith('-movflags +frag_keyframe+empty_moov+default_base_moof -f mp4 -y /x/out.mp4')
})
